use clap::{CommandFactory as _, Parser as _};

use super::{Cli, Command};

fn parse(line: &str) -> Result<Cli, clap::error::ErrorKind> {
    Cli::try_parse_from(std::iter::once("callboard").chain(line.split_whitespace())).map_err(|error| error.kind())
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_of_the_guide_is_read() {
    for line in [
        "gateway",
        "gateway --port 1 --bind lan --token T --verbose --force --allow-unconfigured",
        "gateway -v",
        "--dev gateway",
        "gateway --dev",
        "gateway run --port 1 --verbose",
        "gateway call health",
        "gateway call sessions.list --params {\"limit\":5} --timeout 100 --token T --json",
        "gateway --token T health",
        "gateway health --url ws://h:1",
        "gateway status --json",
        "gateway probe",
        "logs --follow --limit 5",
        "logs -f --json",
        "sessions list --agent ops",
        "sessions show main --limit 5",
        "sessions reset main",
        "sessions delete main",
        "sessions compact main",
        "chat",
        "chat --session main",
        "devices list",
        "devices approve x",
        "devices reject x",
        "devices rotate d --role operator --scope operator.read --scope operator.write",
        "devices revoke d",
        "setup --profile blue",
        "status --json",
        "--json status",
        "health --url ws://h:1",
        "actors list",
        "actors show registry",
        "actors restart channel:socket-chat:default",
        "actors stop x --json",
        "actors start x",
        "channels list",
        "channels add socket-chat --token K --http-url http://h",
        "channels add --channel socket-chat --token K --account a --name N",
        "channels remove socket-chat --account a",
        "channels remove --channel socket-chat",
        "channels status",
        "channels probe",
        "channels probe socket-chat --account a",
        "channels restart socket-chat",
        "channels stop socket-chat",
        "channels start socket-chat",
        "message send hello --channel c --to t",
        "message send --channel c --to t hello",
        "message send --channel c --to t --media http://h/x.png",
        "message send --channel c --to t -m hello --account a",
        "send hello --channel c --to t --idempotency-key k",
        "pairing list",
        "pairing list socket-chat",
        "pairing approve socket-chat ABCD2345",
        "pairing reject socket-chat ABCD2345",
        "deadletters list --after x",
        "deadletters retry x",
        "deadletters discard x",
        "config get",
        "config get gateway.port",
        "config set gateway.port 1",
        "config set a.b -1",
        "config unset gateway.port",
        "config validate",
        "config schema",
        "agent --message hi",
        "agent -m hi --session-key main --agent ops",
        "plugins list",
        "plugins add @openclaw-channel/socket-chat",
    ] {
        assert!(parse(line).is_ok(), "{line}: {:?}", parse(line).err());
    }
}

#[test]
fn what_is_not_understood_is_refused() {
    use clap::error::ErrorKind as Kind;
    for (line, kind) in [
        ("nonsense", Kind::InvalidSubcommand),
        ("", Kind::DisplayHelpOnMissingArgumentOrSubcommand),
        ("gateway --port 70000", Kind::ValueValidation),
        ("gateway --bind moon", Kind::InvalidValue),
        ("gateway call", Kind::MissingRequiredArgument),
        ("gateway call health --params [1]", Kind::ValueValidation),
        ("gateway call health --params {", Kind::ValueValidation),
        ("gateway call health --timeout 0", Kind::ValueValidation),
        ("logs --limit 0", Kind::ValueValidation),
        ("sessions show", Kind::MissingRequiredArgument),
        ("message send --channel c --to t", Kind::MissingRequiredArgument),
        ("message send hi --to t", Kind::MissingRequiredArgument),
        ("send a -m b --channel c --to t", Kind::ArgumentConflict),
        ("channels add", Kind::MissingRequiredArgument),
        ("channels restart", Kind::MissingRequiredArgument),
        ("pairing approve socket-chat", Kind::MissingRequiredArgument),
        ("setup --dev --profile x", Kind::ArgumentConflict),
        ("-V", Kind::DisplayVersion),
    ] {
        assert_eq!(parse(line).err(), Some(kind), "{line}");
    }
}

/// Which token is the gateway's, of those that the line gives.
fn gateway_token(line: &str) -> Option<String> {
    let mut cli = parse(line).unwrap();
    cli.settle_token();
    let globals = cli.globals;
    globals.gateway_token.or(globals.token)
}

#[test]
fn the_token_is_the_gateways_except_where_a_command_has_its_own() {
    for (line, token) in [
        ("status --token T", Some("T")),
        ("--token T status", Some("T")),
        ("status --gateway-token T", Some("T")),
        ("--gateway-token T actors list", Some("T")),
        ("actors list --gateway-token A --token B", Some("A")),
        ("channels status --token T", Some("T")),
        ("gateway --token T", None),
        ("gateway run --token T", None),
        ("gateway --token T run", None),
        ("gateway call health --token T", Some("T")),
        ("gateway --token T call health", Some("T")),
        ("--token T gateway probe", Some("T")),
        ("gateway health --gateway-token A --token B", Some("A")),
        ("channels add socket-chat --token K", None),
        ("channels add socket-chat --token K --gateway-token T", Some("T")),
        ("--gateway-token T channels add socket-chat --token K", Some("T")),
    ] {
        assert_eq!(gateway_token(line).as_deref(), token, "{line}");
    }
}

#[test]
fn a_commands_own_token_reaches_it() {
    for line in ["gateway --token K", "gateway --token K --gateway-token T", "--gateway-token T gateway --token K"] {
        let Command::Gateway(args) = parse(line).unwrap().command else { panic!("{line}") };
        assert!(format!("{args:?}").contains("token: Some(\"K\")"), "{line}: {args:?}");
    }
    let Command::Channels(args) = parse("channels add socket-chat --token K").unwrap().command else { panic!() };
    assert!(format!("{args:?}").contains("token: Some(\"K\")"), "{args:?}");
}
