use std::sync::Mutex;
use std::time::Duration;

use callboard_actors::agent::Ending;
use callboard_actors::core::Clock;
use callboard_actors::message::Usage;

use super::*;

type Pieces = Vec<Result<Piece, ProviderError>>;

/// Plays one list of pieces after the other, and notes which model it was asked for.
struct Fake {
    name: &'static str,
    answers: Mutex<VecDeque<Pieces>>,
    asked: Mutex<Vec<String>>,
}

impl Provider for Fake {
    fn name(&self) -> &str {
        self.name
    }

    fn stream(&self, prompt: Prompt) -> BoxStream<'static, Result<Piece, ProviderError>> {
        self.asked.lock().unwrap().push(prompt.model);
        stream::iter(self.answers.lock().unwrap().pop_front().expect("an answer is written")).boxed()
    }
}

fn fake(name: &'static str, answers: impl IntoIterator<Item = Pieces>) -> Arc<Fake> {
    Arc::new(Fake { name, answers: Mutex::new(answers.into_iter().collect()), asked: Mutex::default() })
}

fn chain(fakes: &[&Arc<Fake>], clock: &Clock) -> Chain {
    let link = |(place, fake): (usize, &&Arc<Fake>)| Link {
        provider: Arc::clone(*fake) as Arc<dyn Provider>,
        model: format!("{}-model", fake.name),
        place,
    };
    Chain::new(fakes.iter().enumerate().map(link).collect(), Arc::new(Cooling::new(fakes.len(), clock)))
}

fn asked(fake: &Fake) -> usize {
    fake.asked.lock().unwrap().len()
}

fn text(text: &str) -> Result<Piece, ProviderError> {
    Ok(Piece::Text(text.into()))
}

fn end() -> Result<Piece, ProviderError> {
    Ok(Piece::End(Ending { finish_reason: "stop".into(), usage: Usage::default() }))
}

fn error(code: Code, message: &str) -> Result<Piece, ProviderError> {
    Err(ProviderError { code, message: message.into(), retry_after: None })
}

fn asks(name: &str) -> Result<Piece, ProviderError> {
    Ok(Piece::Asked(AskedModel { provider: name.into(), model: format!("{name}-model") }))
}

async fn heard(chain: &Chain) -> Pieces {
    chain.stream(Prompt { text: "hello".into(), ..Prompt::default() }).collect().await
}

#[actix_web::test]
async fn the_next_model_is_asked_while_nobody_has_seen_a_part() {
    let one = fake("one", [vec![Ok(Piece::Thinking), error(Code::ProviderBusy, "busy")]]);
    let two = fake("two", [vec![text("here"), end()]]);
    let pieces = heard(&chain(&[&one, &two], &Clock::manual(0))).await;
    assert_eq!(pieces, [asks("one"), Ok(Piece::Thinking), asks("two"), text("here"), end()]);
    assert_eq!(*two.asked.lock().unwrap(), ["two-model"]);
}

#[actix_web::test]
async fn what_somebody_has_seen_is_not_said_twice() {
    for seen in [text("half"), Ok(Piece::Reasoning("hm".into()))] {
        let failed = error(Code::ProviderBroken, "broke off");
        let one = fake("one", [vec![seen.clone(), failed.clone()]]);
        let two = fake("two", [vec![text("whole"), end()]]);
        assert_eq!(heard(&chain(&[&one, &two], &Clock::manual(0))).await, [asks("one"), seen, failed]);
        assert_eq!(asked(&two), 0);
    }
}

#[actix_web::test]
async fn what_every_model_would_refuse_is_refused_at_once() {
    let one = fake("one", [vec![error(Code::Refused, "too long")]]);
    let two = fake("two", []);
    assert_eq!(heard(&chain(&[&one, &two], &Clock::manual(0))).await, [asks("one"), error(Code::Refused, "too long")]);
}

#[actix_web::test]
async fn when_all_fail_each_is_named_and_the_most_hopeful_code_stands() {
    let one = fake("one", [vec![error(Code::ProviderAuth, "one refused the key")]]);
    let two = fake("two", [vec![error(Code::ProviderBusy, "two is busy")]]);
    let pieces = heard(&chain(&[&one, &two], &Clock::manual(0))).await;
    let told = error(Code::ProviderBusy, "one refused the key; then two is busy");
    assert_eq!(pieces, [asks("one"), asks("two"), told]);
}

#[actix_web::test]
async fn a_model_that_failed_is_left_alone_for_a_while() {
    let clock = Clock::manual(0);
    let one = fake("one", [vec![error(Code::ProviderBusy, "busy")], vec![text("back"), end()]]);
    let two = fake("two", [vec![text("a"), end()], vec![text("b"), end()]]);
    let chain = chain(&[&one, &two], &clock);
    assert_eq!(heard(&chain).await, [asks("one"), asks("two"), text("a"), end()]);
    assert_eq!(heard(&chain).await, [asks("two"), text("b"), end()]);
    assert_eq!(asked(&one), 1, "it rests");
    clock.advance(Duration::from_secs(30));
    assert_eq!(heard(&chain).await, [asks("one"), text("back"), end()]);
}

#[actix_web::test]
async fn when_all_rest_all_are_asked() {
    let busy = || vec![error(Code::ProviderBusy, "busy")];
    let one = fake("one", [busy(), vec![text("again"), end()]]);
    let two = fake("two", [busy()]);
    let chain = chain(&[&one, &two], &Clock::manual(0));
    heard(&chain).await;
    assert_eq!(heard(&chain).await, [asks("one"), text("again"), end()]);
}
