//! Keys, headers, and who rests after a failure.

use std::time::Duration;

use callboard_actors::agent::{Piece, Prompt, Providers as _};
use callboard_actors::core::Clock;
use callboard_actors::message::Code;
use futures_util::StreamExt as _;

use crate::providers::stand_in::{Asked, Reply, StandIn, Then, done, finish, text};
use crate::providers::*;

fn credential(name: &str, secret: &str, header: Header) -> Credential {
    Credential { name: name.into(), secret: secret.into(), header }
}

fn backend(url: &str, style: Style, keys: Vec<Credential>) -> RemoteSettings {
    let models = vec![AboutModel::named("big"), AboutModel::named("small")];
    let base_url = url.into();
    RemoteSettings { id: "cloud".into(), style, base_url, keys, headers: Vec::new(), models, limits: TimeLimits::default() }
}

fn table(settings: RemoteSettings, fallbacks: &[&str], clock: &Clock) -> Result<ProviderTable, TableError> {
    let fallbacks = fallbacks.iter().copied().map(str::to_owned).collect();
    let default = Choice { primary: Some("cloud/big".into()), fallbacks };
    let choices = Choices { default, ..Choices::default() };
    ProviderTable::new(vec![ProviderSettings::Remote(settings)], &choices, clock)
}

fn fine() -> Reply {
    Reply::Stream(vec![text("here"), finish("stop"), done()], Then::Close)
}

fn limited() -> Reply {
    Reply::Plain(429, vec![("retry-after", "60".to_owned())], String::new())
}

/// Asks the default model; answers with the text, or the code of the failure.
async fn ask(table: &ProviderTable) -> Result<String, Code> {
    let (provider, model) = table.find(None).unwrap();
    let mut pieces = provider.stream(Prompt { model, text: "hello".into(), ..Prompt::default() });
    let mut said = String::new();
    while let Some(piece) = pieces.next().await {
        match piece {
            Ok(Piece::Text(text)) => said.push_str(&text),
            Ok(_) => {}
            Err(error) => return Err(error.code),
        }
    }
    Ok(said)
}

fn sent<'a>(asked: &'a Asked, name: &str) -> Vec<&'a str> {
    asked.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
}

/// Which of its keys and models rest, as `name seconds failures`.
fn resting(table: &ProviderTable) -> Vec<String> {
    let standing = table.standing();
    let cloud = standing.iter().find(|provider| provider.provider == "cloud").unwrap();
    let keys = cloud.keys.iter().map(|key| (&key.name, &key.rest));
    let all = keys.chain(cloud.models.iter().map(|model| (&model.model, &model.rest)));
    all.filter_map(|(name, rest)| Some((name, rest.as_ref()?)))
        .map(|(name, rest)| format!("{name} {} {}", rest.left_ms / 1_000, rest.failures))
        .collect()
}

#[actix_web::test]
async fn keys_and_headers_are_sent_as_the_settings_have_them() {
    type Case<'a> = (Style, Header, &'a [(&'a str, &'a str)], &'a [(&'a str, &'a [&'a str])]);
    let cases: [Case<'_>; 4] = [
        (Style::Messages, Header::Own, &[], &[("x-api-key", &["sesame"]), ("authorization", &[])]),
        (Style::Messages, Header::Bearer, &[], &[("x-api-key", &[]), ("authorization", &["Bearer sesame"])]),
        (Style::Completions, Header::Own, &[("X-Team", "red")], &[("authorization", &["Bearer sesame"]), ("x-team", &["red"])]),
        (
            Style::Messages,
            Header::Own,
            &[("Anthropic-Version", "2030-01-01"), ("X-Api-Key", "other")],
            &[("anthropic-version", &["2030-01-01"]), ("x-api-key", &["other"])],
        ),
    ];
    for (style, header, headers, expected) in cases {
        let stand_in = StandIn::start([Reply::Plain(400, Vec::new(), r#"{"message":"sesame and red-hot"}"#.into())]);
        let mut settings = backend(&stand_in.url, style, vec![credential("apiKey", "sesame", header)]);
        settings.headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        assert_eq!(ask(&table(settings, &[], &Clock::system()).unwrap()).await, Err(Code::Refused));
        for (name, values) in expected {
            assert_eq!(sent(&stand_in.asked()[0], name), *values, "{style:?} {header:?} {name}");
        }
    }
}

#[test]
fn what_cannot_be_sent_is_refused_by_its_name() {
    let cases = [
        ("Host", "x", "models.providers.cloud.headers: \"Host\" belongs to the connection; leave it out"),
        ("a b", "x", "models.providers.cloud.headers: \"a b\" is no header's name"),
        ("X-Team", "a\nb", "models.providers.cloud.headers: \"X-Team\" has characters that cannot be sent; write it again"),
    ];
    for (name, value, told) in cases {
        let mut settings = backend("http://h/v1", Style::Completions, Vec::new());
        settings.headers = vec![(name.into(), value.into())];
        assert_eq!(table(settings, &[], &Clock::system()).unwrap_err().to_string(), told);
    }
    let settings = backend("http://h/v1", Style::Completions, vec![credential("work", "a\nb", Header::Own)]);
    let told = "a key of models.providers.cloud has characters that cannot be sent: work; copy it again";
    assert_eq!(table(settings, &[], &Clock::system()).unwrap_err().to_string(), told);
}

#[actix_web::test]
async fn a_key_that_rests_is_seen_and_rests_on_in_the_next_configuration() {
    let clock = Clock::manual(0);
    let stand_in = StandIn::start([limited(), fine(), fine()]);
    let keys = || vec![credential("first", "one", Header::Own), credential("second", "two", Header::Own)];
    let before = table(backend(&stand_in.url, Style::Completions, keys()), &[], &clock).unwrap();
    assert!(resting(&before).is_empty());
    assert_eq!(ask(&before).await.as_deref(), Ok("here"));
    assert_eq!(resting(&before), ["first 60 1"]);
    clock.advance(Duration::from_secs(10));

    // The same key under another name, and another in the place of the one that answered.
    let same = vec![credential("renamed", "one", Header::Own), credential("second", "three", Header::Own)];
    let after = table(backend(&stand_in.url, Style::Completions, same), &[], &clock).unwrap();
    after.inherit(&before);
    assert_eq!(resting(&after), ["renamed 50 1"]);
    assert_eq!(ask(&after).await.as_deref(), Ok("here"));
    let authorization: Vec<_> = stand_in.asked().iter().map(|asked| asked.authorization.clone().unwrap()).collect();
    assert_eq!(authorization, ["Bearer one", "Bearer two", "Bearer three"], "the one that rests is not asked");

    let mended = vec![credential("first", "mended", Header::Own)];
    let after = table(backend(&stand_in.url, Style::Completions, mended), &[], &clock).unwrap();
    after.inherit(&before);
    assert!(resting(&after).is_empty(), "whoever mended a key need not wait");
}

#[actix_web::test]
async fn a_model_that_rests_is_seen_and_rests_on_where_nothing_of_it_changed() {
    let clock = Clock::manual(0);
    let broken = Reply::Plain(500, Vec::new(), String::new());
    let stand_in = StandIn::start([broken, fine()]);
    let keys = || vec![credential("apiKey", "one", Header::Own)];
    let before = table(backend(&stand_in.url, Style::Completions, keys()), &["cloud/small"], &clock).unwrap();
    assert_eq!(ask(&before).await.as_deref(), Ok("here"));
    assert_eq!(resting(&before), ["big 30 1"]);
    let rest_of = |table: &ProviderTable, model: &str| {
        let cloud = table.standing().into_iter().find(|provider| provider.provider == "cloud").unwrap();
        cloud.rest_of(model).map(|rest| rest.code)
    };
    assert_eq!((rest_of(&before, "big"), rest_of(&before, "small")), (Some(Code::ProviderBroken), None));

    let again = table(backend(&stand_in.url, Style::Completions, keys()), &["cloud/small"], &clock).unwrap();
    again.inherit(&before);
    assert_eq!(resting(&again), ["big 30 1"]);
    let elsewhere = table(backend("http://h/v1", Style::Completions, keys()), &["cloud/small"], &clock).unwrap();
    elsewhere.inherit(&before);
    assert!(resting(&elsewhere).is_empty());
    let alone = table(backend(&stand_in.url, Style::Completions, keys()), &[], &clock).unwrap();
    alone.inherit(&before);
    assert!(resting(&alone).is_empty(), "a model that is asked alone never rests");
}
