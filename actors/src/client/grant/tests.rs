use super::{Grant, Role, Scope, Scopes};

fn grant(role: Role, names: &[&str]) -> Grant {
    Grant { role, scopes: Scopes::named(names), device: None }
}

#[test]
fn admin_gives_all_and_write_gives_read() {
    let table: &[(&[&str], &[Scope])] = &[
        (&["operator.admin"], &Scope::ALL),
        (&["operator.read"], &[Scope::Read]),
        (&["operator.write"], &[Scope::Read, Scope::Write]),
        (&["operator.approvals"], &[Scope::Approvals]),
        (&["operator.pairing", "operator.read"], &[Scope::Read, Scope::Pairing]),
        (&[], &[]),
    ];
    for (names, given) in table {
        let grant = grant(Role::Operator, names);
        let allowed: Vec<_> = Scope::ALL.into_iter().filter(|scope| grant.allows(*scope)).collect();
        assert_eq!(&allowed, given, "{names:?}");
    }
}

#[test]
fn a_node_may_nothing_whatever_scopes_it_named() {
    let grant = grant(Role::Node, &["operator.admin"]);
    assert!(Scope::ALL.into_iter().all(|scope| !grant.allows(scope)));
    assert_eq!(grant.lacks(Scopes::named(["operator.read"])), Some(Scope::Read));
}

#[test]
fn what_is_lacking_is_named() {
    let some = Scopes::named(["operator.write", "operator.pairing"]);
    assert_eq!(some.lack(Scopes::named(["operator.read", "operator.pairing"])), None);
    assert_eq!(some.lack(Scopes::named(["operator.approvals"])), Some(Scope::Approvals));
    assert_eq!(some.lack(Scopes::all()), Some(Scope::Admin));
    assert_eq!(Scopes::named(["operator.admin"]).lack(Scopes::all()), None);
}

#[test]
fn scopes_are_a_list_of_names_and_unknown_names_give_nothing() {
    let read: Scopes =
        serde_json::from_str(r#"["operator.pairing","operator.talk.secrets","operator.admin","OPERATOR.READ","*"]"#).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), r#"["operator.admin","operator.pairing"]"#);
    assert!(serde_json::from_str::<Scopes>(r#""operator.admin""#).is_err());
}

#[test]
fn names_round_trip() {
    for scope in Scope::ALL {
        assert_eq!(scope.as_str().parse(), Ok(scope));
        assert_eq!(serde_json::to_value(scope).unwrap(), scope.as_str());
    }
    for role in [Role::Operator, Role::Node] {
        assert_eq!(role.as_str().parse(), Ok(role));
        assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
    }
}
