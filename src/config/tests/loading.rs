use std::net::IpAddr;
use std::time::Duration;

use callboard_actors::message::ChatKind;
use callboard_actors::registry::DmScope;
use callboard_actors::session::{
    AccessGroups, Allowed, CommandRules, Greeting, LaneLimits, QueueMode, ResetPolicy, Sending, SessionSettings,
};
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::{Home, config};
use crate::archive::{ArchiveSettings, Mode, PruneRules};
use crate::config::model::{AuthMode, Bind};
use crate::config::slices::{ProviderKind, RemoteStyle};
use crate::config::{Environment, Instance, KeyPath, Overrides, Paths, REDACTED, load};

#[test]
fn without_a_file_the_defaults_hold() {
    let config = Home::new().load().unwrap();
    assert!(config.files.is_empty());
    assert_eq!(config.slices.gateway.port, 18789);
    let session = &config.slices.session;
    assert_eq!(session.resets.usual, ResetPolicy { daily_at: Some(4), idle: None });
    let writers = session.commands.writers.clone();
    assert_eq!(session.commands, CommandRules { writers, ..CommandRules::default() });
    let (commands, resets) = (session.commands.clone(), session.resets.clone());
    assert_eq!(*session, SessionSettings { commands, resets, greeting: Greeting::On, ..SessionSettings::default() });
    assert_eq!(config.slices.store, callboard_actors::ports::StoreLimits::default());
    let webchat = callboard_actors::channel::webchat::default_account();
    let accounts: Vec<_> = config.slices.accounts.iter().map(|account| (account.key.clone(), account.enabled)).collect();
    assert_eq!(accounts, [(webchat.clone(), true)]);
    let routes = callboard_actors::registry::RouteSettings::default();
    let default_accounts = [("webchat".to_owned(), webchat)].into();
    assert_eq!(config.slices.routes, callboard_actors::registry::RouteSettings { default_accounts, ..routes });
    assert!(config.slices.gateway.chat_completions.enabled);
    assert!(!config.slices.gateway.faults);
}

#[test]
fn json5_is_read_into_slices() {
    let config = config(
        "{ // comment
          gateway: { port: 0x1234, bind: 'custom', customBindHost: '192.0.2.7', auth: { token: 'sesame' }, trustedProxies: ['10.0.0.0/8'],
            http: { hosts: ['Bot.example.org'] }, controlUi: { allowedOrigins: ['https://ui.example.org/'] } },
          session: { dmScope: 'main', identityLinks: { Alice: ['socket-chat:WXID_1'] } },
          agents: { defaults: { model: 'local/tiny', timeoutSeconds: 7 }, list: [{ id: 'ops' }, { id: 'main', default: true, model: { primary: 'echo', fallbacks: ['local'] } }] },
          bindings: [{ agentId: 'ops', match: { channel: 'socket-chat', accountId: '*', peer: { kind: 'group', id: 'R@x' } } }],
          models: { providers: { local: { baseUrl: 'http://127.0.0.1:11434/v1/', apiKey: 'k', models: ['tiny', { id: 'big' }], firstTokenTimeoutMs: 200000 } } },
        }",
    );
    let slices = &config.slices;
    assert_eq!(slices.gateway.port, 0x1234);
    assert_eq!(slices.gateway.bind, Bind::Custom);
    assert_eq!(slices.gateway.custom_bind_host, Some(IpAddr::from([192, 0, 2, 7])));
    assert_eq!(slices.gateway.auth.secret().unwrap().expose_secret(), "sesame");
    assert!(slices.gateway.trusted_proxies[0].contains(IpAddr::from([10, 9, 8, 7])));
    assert!(!slices.gateway.trusted_proxies[0].contains(IpAddr::from([11, 9, 8, 7])));
    assert_eq!(
        (slices.gateway.hosts[0].as_str(), slices.gateway.origins[0].as_str()),
        ("bot.example.org", "https://ui.example.org")
    );
    assert_eq!(slices.session.turn_timeout, Duration::from_secs(7));
    assert_eq!(slices.session.turn_silence, Duration::from_secs(230));
    assert_eq!(slices.session.model.as_deref(), Some("local/tiny"));
    assert_eq!(slices.routes.dm_scope, DmScope::Main);
    assert_eq!(slices.routes.default_agent, "main");
    assert_eq!(slices.routes.identity_links["socket-chat:wxid_1"], "alice");
    assert_eq!(slices.routes.bindings[0].chat, Some((ChatKind::Group, "R@x".to_owned())));
    assert_eq!(slices.agents[0].id, "main");
    assert_eq!(slices.agents[0].fallbacks, ["local"]);
    let provider = &slices.models.providers[0];
    assert!(provider.model_ids().eq(["tiny", "big"]));
    let ProviderKind::Remote { style: RemoteStyle::OpenaiCompletions, base_url, keys, .. } = &provider.kind else {
        panic!("not an endpoint")
    };
    assert_eq!(base_url.as_str(), "http://127.0.0.1:11434/v1");
    assert_eq!(keys.iter().map(|key| key.secret.expose_secret()).collect::<Vec<_>>(), ["k"]);
}

#[test]
fn yaml_is_read_too() {
    let home = Home::new().file("callboard.yaml", "gateway:\n  port: 4711\n  auth: { password: sesame }\n");
    let config = home.load().unwrap();
    assert_eq!(config.slices.gateway.port, 4711);
    assert_eq!(config.slices.gateway.auth.mode, Some(AuthMode::Password));
}

#[test]
fn flags_win_over_environment_over_file_over_defaults() {
    let home = Home::new().config("{ gateway: { port: 1, auth: { token: 'file' } } }");
    assert_eq!(home.load().unwrap().slices.gateway.port, 1);

    let home = home.var("CLAWDBOT_GATEWAY_PORT", "2").var("CALLBOARD_GATEWAY_TOKEN", "env");
    let config = home.load().unwrap();
    assert_eq!(config.slices.gateway.port, 2);
    assert_eq!(config.slices.gateway.auth.secret().unwrap().expose_secret(), "env");

    let flags = Overrides { port: Some(3), bind: Some(Bind::Lan), token: Some("flag".into()), ..Overrides::default() };
    let config = load(&home.paths(), &home.env(), &flags).unwrap();
    assert_eq!(config.slices.gateway.port, 3);
    assert_eq!(config.slices.gateway.bind, Bind::Lan);
    assert_eq!(config.slices.gateway.auth.secret().unwrap().expose_secret(), "flag");
}

#[test]
fn variables_are_replaced_once_and_can_be_quoted() {
    let home = Home::new().var("PORT", "4000").var("NAME", "${OTHER}").config(
        "{ gateway: { port: '${PORT}' }, agents: { defaults: { systemPrompt: 'a ${NAME} $${NAME} ${lower} $5 ${' } } }",
    );
    let config = home.load().unwrap();
    assert_eq!(config.slices.gateway.port, 4000);
    assert_eq!(config.slices.session.system.as_deref(), Some("a ${OTHER} ${NAME} ${lower} $5 ${"));
}

#[test]
fn included_files_stand_below_what_includes_them() {
    let home = Home::new()
        .config("{ $include: ['a.json', 'b.json'], gateway: { port: 3 }, models: { providers: { local: { $include: 'sub/p.json' } } } }")
        .file("a.json", "{ gateway: { port: 1, bind: 'lan' }, store: { inboxRowsMax: 1000 } }")
        .file("b.json", "{ gateway: { port: 2 }, store: { outboxRowsMax: 2000 } }")
        .file("sub/p.json", "{ api: 'script', scriptFile: 'play.json' }")
        .file("sub/play.json", "[]");
    let config = home.load().unwrap();
    assert_eq!(config.slices.gateway.port, 3);
    assert_eq!(config.slices.gateway.bind, Bind::Lan);
    assert_eq!((config.slices.store.inbox_rows_max, config.slices.store.outbox_rows_max), (1000, 2000));
    let ProviderKind::Script { script, .. } = &config.slices.models.providers[0].kind else { panic!("no script") };
    assert_eq!(script, "[]", "the file's name is relative to the file it stands in");
    assert_eq!(config.files.len(), 4);
}

#[test]
fn env_files_fill_and_never_override() {
    let home = Home::new().file(".env", "A=file\nB='from file'\n# no\n\nexport C=c\n");
    let mut env = Environment::from_pairs([("A", "process")]);
    env.fill_from(&home.paths().env_file()).unwrap();
    env.fill_from(&home.path("not-there")).unwrap();
    assert_eq!([env.get("A"), env.get("B"), env.get("C")], [Some("process"), Some("from file"), Some("c")]);
}

#[test]
fn a_broken_env_file_is_named_without_its_text() {
    let home = Home::new().file(".env", "A=b\nmy secret line\n");
    let error = Environment::default().fill_from(&home.paths().env_file()).unwrap_err();
    assert_eq!(home.plain(&error.to_string()), ".env:2: not a line of the form NAME=value; quote values with spaces");
}

#[test]
fn places_follow_the_instance_and_the_variables() {
    let env = Environment::from_pairs([("HOME", "/h")]);
    for (instance, state, workspace, port) in [
        (Instance::Default, "/h/.callboard", "/h/callboard", 18789),
        (Instance::Dev, "/h/.callboard-dev", "/h/callboard-dev", 19001),
        (Instance::profile("blue").unwrap(), "/h/.callboard-blue", "/h/callboard-blue", 18789),
    ] {
        let paths = Paths::resolve(instance, &env).unwrap();
        assert_eq!(paths.state_dir.to_str(), Some(state));
        assert_eq!(paths.config_file, paths.state_dir.join("callboard.json"));
        assert_eq!(paths.workspace.to_str(), Some(workspace));
        assert_eq!(paths.port, port);
    }
    let env = Environment::from_pairs([("HOME", "/h"), ("CLAWDBOT_STATE_DIR", "~/s"), ("CALLBOARD_CONFIG_PATH", "/c.yaml")]);
    let paths = Paths::resolve(Instance::Default, &env).unwrap();
    assert_eq!((paths.state_dir.to_str(), paths.config_file.to_str()), (Some("/h/s"), Some("/c.yaml")));
    assert!(Instance::profile("../x").is_err());
    assert!(Paths::resolve(Instance::Default, &Environment::default()).is_err());
}

#[test]
fn what_is_shown_hides_secrets() {
    let config = config(
        "{ gateway: { auth: { token: 'sesame' } }, models: { providers: { p: { baseUrl: 'http://h/v1', apiKey: 'sesame' } } },
           env: { vars: { X: 'sesame' } } }",
    );
    let get = |path: &str| config.get(&path.parse().unwrap());
    assert_eq!(get("gateway.auth.token"), Some(json!(REDACTED)));
    assert_eq!(get("models.providers.p.apiKey"), Some(json!(REDACTED)));
    assert_eq!(get("gateway.bind"), Some(json!("loopback")), "defaults are shown");
    assert_eq!(get("gateway.nothing"), None);
    assert!(!get("").unwrap().to_string().contains("sesame"));
    assert!(!format!("{config:?}").contains("sesame"));
}

#[test]
fn keys_without_effect_warn_once_with_their_place() {
    let home =
        Home::new().config("{\n  hooks: { mappings: [{ a: 1 }, { b: 2 }] },\n  channels: { telegram: { botToken: 'x' } },\n}");
    let warnings: Vec<_> = home.load().unwrap().warnings.iter().map(|warning| home.plain(&warning.to_string())).collect();
    assert_eq!(
        warnings,
        [
            "callboard.json:2: hooks.mappings: known, without effect yet",
            "callboard.json:3: channels.telegram: this integration is not built in yet: its accounts do not run",
        ]
    );
}

#[test]
fn a_file_with_secrets_that_others_may_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt as _;
    for (text, warnings) in [("{ gateway: { auth: { token: 'x' } } }", 1), ("{ gateway: { port: 1 } }", 0)] {
        let home = Home::new().config(text);
        assert!(home.load().unwrap().warnings.is_empty());
        std::fs::set_permissions(home.paths().config_file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(home.load().unwrap().warnings.len(), warnings, "{text}");
    }
}

#[test]
fn texts_become_what_belongs_in_their_place() {
    let home = Home::new().var("N", " 7 ").var("B", "true").config(
        "{ session: { passivateSec: '${N}', mainKey: '7' }, gateway: { faults: { enabled: '${B}' } },
           models: { providers: { p: { api: 'echo', models: ['7'], tokenTimeoutMs: '${N}' } } } }",
    );
    let config = home.load().unwrap();
    assert_eq!(config.slices.session.passivate_after, Duration::from_secs(7));
    assert_eq!(config.slices.routes.main_key, "7");
    assert!(config.slices.gateway.faults);
    assert!(config.slices.models.providers[0].model_ids().eq(["7"]));
    assert_eq!(config.get(&"models.providers.p.tokenTimeoutMs".parse().unwrap()), Some(json!(7)));
}

#[test]
fn key_paths_are_read_as_they_are_written() {
    for text in ["gateway.port", "agents.list[0].id", "models.providers[\"a.b\"].apiKey", "session.identityLinks[\"\"]", ""] {
        let path: KeyPath = text.parse().unwrap();
        assert_eq!(path.to_string(), text);
    }
    for text in ["a..b", ".a", "a[", "a[x]", "a[0", "a.", "a[\"b\"", "a[0]b"] {
        assert!(text.parse::<KeyPath>().is_err(), "{text}");
    }
}

#[test]
fn what_is_said_of_queues_sessions_and_commands_is_read() {
    let config = config(
        r#"{
            messages: { queue: { mode: "steer+backlog", byChannel: { "Socket-Chat": "queue" }, debounceMs: 5, cap: 3, drop: "old" } },
            agents: { defaults: { maxConcurrent: 2, subagents: { maxConcurrent: 3 } } },
            cron: { maxConcurrentRuns: 4 },
            session: {
                idleMinutes: 5, resetByType: { dm: { mode: "off" } }, resetByChannel: { webchat: { atHour: 6, idleMinutes: 7 } },
                resetTriggers: ["/new", "Fresh"], maintenance: { mode: "enforce", resetArchiveRetention: "12h", pruneAfter: "2d", maxEntries: 500 },
                sendPolicy: { default: "deny", rules: [{ action: "allow", match: { channel: "Webchat", chatType: "dm", keyPrefix: "A" } }] },
            },
            commands: { text: false, useAccessGroups: false },
        }"#,
    );
    let day = Duration::from_secs(24 * 3600);
    let prune = PruneRules { after: Some(day * 2), entries_max: 500 };
    assert_eq!(config.slices.archive, ArchiveSettings { mode: Mode::Enforce, keep_for: Some(day / 2), prune });
    let session = config.slices.session;
    assert_eq!(session.queue.usual.to_string(), "mode=steer-backlog, debounce=5ms, cap=3, drop=old");
    assert_eq!(session.queue.by_channel, [("socket-chat".to_owned(), QueueMode::Steer)].into());
    assert_eq!(session.lanes, LaneLimits { main: 2, subagent: 3, cron: 4 });
    let minutes = |minutes: u64| Some(Duration::from_secs(minutes * 60));
    assert_eq!(session.resets.usual, ResetPolicy { daily_at: None, idle: minutes(5) });
    assert_eq!(session.resets.direct, Some(ResetPolicy::default()));
    assert_eq!(session.resets.by_channel["webchat"], ResetPolicy { daily_at: Some(6), idle: minutes(7) });
    assert_eq!(session.commands.reset_triggers, ["fresh"]);
    assert_eq!((session.commands.text, session.commands.access_groups), (Allowed::No, AccessGroups::Ignored));
    let rule = &session.sending.rules[0];
    assert_eq!((session.sending.usual, rule.action), (Sending::Deny, Sending::Allow));
    assert_eq!((rule.channel.as_deref(), rule.key_prefix.as_deref()), (Some("webchat"), Some("a")));
}

#[test]
fn the_bounds_of_media_are_read_by_the_names_of_the_public_configuration() {
    let config = config(
        "{
          gateway: { http: { endpoints: {
            chatCompletions: { maxBodyBytes: 5000, maxImageParts: 2, images: { allowUrl: true, urlAllowlist: ['*.example.org'] } },
            responses: { maxUrlParts: 1, files: { maxBytes: 9, maxChars: 8 }, images: { timeoutMs: 7, maxRedirects: 0 } } } } },
          agents: { defaults: { mediaMaxMb: 3 } }, media: { ttlHours: 24, roomMaxMb: 64 },
          channels: { rocketchat: { baseUrl: 'https://chat.example.org', userId: 'u', authToken: 't' } },
        }",
    );
    let gateway = &config.slices.gateway;
    let (chat, responses) = (&gateway.chat_completions, &gateway.responses);
    assert!(chat.enabled && responses.enabled, "what is not said stays as it is");
    assert_eq!((chat.max_body_bytes, chat.max_image_parts, chat.images.allow_url), (5000, 2, Some(true)));
    assert_eq!((chat.images.url_allowlist.as_slice(), chat.images.max_bytes), (&["*.example.org".to_owned()][..], 10 << 20));
    assert_eq!((responses.max_url_parts, responses.files.max_bytes, responses.files.max_chars), (1, 9, 8));
    assert_eq!((responses.images.timeout_ms, responses.images.max_redirects, responses.images.allow_url), (7, 0, None));
    let media = config.slices.media;
    assert_eq!((media.bounds.file_bytes_max, media.bounds.attachment_bytes_max), (3 << 20, 3 << 20));
    assert_eq!((media.retention, media.room_bytes_max), (Duration::from_secs(24 * 3600), 64 << 20));
}

#[test]
fn accounts_take_the_size_of_files_over_from_the_agents_where_they_say_none() {
    let fingerprint = |agents: &str, account: &str| {
        let account = format!("rocketchat: {{ baseUrl: 'https://chat.example.org', userId: 'u', authToken: 't', {account} }}");
        let config = config(&format!("{{ agents: {{ defaults: {{ {agents} }} }}, channels: {{ {account}, mochat: {{}} }} }}"));
        config.slices.accounts.iter().find(|account| account.key.channel() == "rocketchat").unwrap().fingerprint
    };
    assert_eq!(fingerprint("mediaMaxMb: 3", ""), fingerprint("", "mediaMaxMb: 3"), "as if it stood there");
    assert_ne!(fingerprint("mediaMaxMb: 3", ""), fingerprint("", ""));
    assert_eq!(fingerprint("mediaMaxMb: 3", "mediaMaxMb: 5"), fingerprint("", "mediaMaxMb: 5"), "its own word counts");
}

#[test]
fn how_long_sessions_and_the_archive_are_kept_is_read_in_every_form() {
    let read = |retention: &str| {
        let text =
            format!("{{ session: {{ maintenance: {{ resetArchiveRetention: {retention}, pruneAfter: {retention} }} }} }}");
        let config = Home::new().config(&text).load().map_err(|error| error.to_string())?;
        let kept = config.slices.archive;
        assert_eq!(kept.keep_for, kept.prune.after);
        Ok::<_, String>(kept.keep_for.map(|kept| kept.as_secs() / 3600))
    };
    for (retention, hours) in [
        ("\"30d\"", Some(720)),
        ("\" 2 w \"", Some(336)),
        ("\"12h\"", Some(12)),
        ("\"7\"", Some(168)),
        ("7", Some(168)),
        ("false", None),
    ] {
        assert_eq!(read(retention).expect("it is read"), hours, "{retention}");
    }
    for wrong in ["true", "0", "\"0d\"", "\"soon\"", "\"99999999999999999999d\"", "\"9999d\"", "\"-1d\"", "\"\""] {
        let problems = read(wrong).expect_err("it is refused");
        let keys = ["session.maintenance.resetArchiveRetention", "session.maintenance.pruneAfter", "30d"];
        assert!(keys.iter().all(|key| problems.contains(key)), "{wrong}: {problems}");
    }
    let month = Some(Duration::from_secs(30 * 24 * 3600));
    let prune = PruneRules { after: month, entries_max: 5_000 };
    let usual = ArchiveSettings { mode: Mode::Warn, keep_for: month, prune };
    assert_eq!(Home::new().load().unwrap().slices.archive, usual);
}
