use std::future::{pending, ready};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytestring::ByteString;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::bench::Place;
use crate::client::{
    Answer, Call, ClientActor, ClientLine, ClientSeat, Found, Methods, Payload, REQUESTS_MAX, WAITING_BYTES_MAX, WireError,
};
use crate::core::TellError;
use crate::doubles::{Stage, play};
use crate::message::{Code, Delivery, Event, EventBody, EventName, Listener as _};

/// A table with one method for each way in which a call can go.
#[derive(Default)]
struct Book {
    held: Mutex<Vec<oneshot::Sender<Answer>>>,
}

impl Methods for Book {
    fn find(&self, _: &ClientSeat, method: &str) -> Result<Found, WireError> {
        match method {
            "echo" | "hold" | "never" | "boom" | "late boom" => Ok(Found { patience: Duration::from_secs(3) }),
            _ => Err(WireError::invalid(format!("unknown method: {method}"))),
        }
    }

    fn call(&self, call: Call) -> BoxFuture<'static, Answer> {
        match &*call.method {
            "echo" => Box::pin(ready(Ok(Payload::of(&call.params)))),
            "hold" => {
                let (sender, answer) = oneshot::channel();
                self.held.lock().unwrap().push(sender);
                Box::pin(async { answer.await.unwrap_or_else(|_| Err(WireError::new(Code::Internal, "dropped").into())) })
            }
            "never" => Box::pin(pending()),
            "late boom" => Box::pin(async {
                tokio::task::yield_now().await;
                panic!("a bug in a method, later")
            }),
            _ => Box::pin(async { panic!("a bug in a method") }),
        }
    }
}

struct Scene {
    stage: Arc<Stage>,
    place: Place,
    book: Arc<Book>,
    line: ClientLine,
    seen: Mutex<Vec<Value>>,
}

impl Scene {
    fn new(stage: Arc<Stage>) -> Self {
        let (place, book) = (Place::new("c1"), Arc::<Book>::default());
        let methods = Arc::clone(&book) as Arc<dyn Methods>;
        let actor = stage.start(ClientActor::spec(&place.seat, &methods));
        let line = ClientLine::new(Arc::clone(&place.seat), actor);
        Self { stage, place, book, line, seen: Mutex::default() }
    }

    fn say(&self, text: impl Into<ByteString>) {
        self.line.say(&text.into()).expect("there is room");
    }

    fn ask(&self, id: &str, method: &str) {
        self.say(json!({ "type": "req", "id": id, "method": method, "params": { "n": id } }).to_string());
    }

    /// Waits until so many frames have been written; returns all of them.
    async fn heard(&self, count: usize) -> Vec<Value> {
        self.stage.until(&format!("{count} frames"), || self.look() >= count).await;
        self.seen.lock().unwrap().clone()
    }

    fn look(&self) -> usize {
        let mut seen = self.seen.lock().unwrap();
        seen.extend(self.place.written());
        seen.len()
    }

    fn restarts(&self) -> u32 {
        self.stage.supervisor.report(&ClientActor::id(&self.place.seat)).expect("it is known").restarts
    }
}

fn is_lost(frame: &Value) -> bool {
    let error = &frame["error"];
    frame["ok"] == false && error["code"] == "UNAVAILABLE" && error["retryable"] == true && error["retryAfterMs"].is_u64()
}

#[test]
fn requests_are_answered_under_their_ids() {
    play(|stage| async {
        let scene = Scene::new(stage);
        scene.ask("a", "echo");
        scene.ask("b", "nothing");
        scene.say("noise");
        scene.say(r#"{"type":"req","id":"c"}"#);
        let heard = scene.heard(3).await;
        assert_eq!(heard[0], json!({ "type": "res", "id": "a", "ok": true, "payload": { "n": "a" } }));
        let error = |id: &str, text: &str| json!({ "type": "res", "id": id, "ok": false, "error": { "code": "INVALID_REQUEST", "message": text } });
        assert_eq!(heard[1], error("b", "unknown method: nothing"));
        assert_eq!(heard[2], error("c", "invalid request frame: must have required property 'method'"));
    });
}

#[test]
fn a_slow_answer_holds_nobody_up() {
    play(|stage| async {
        let scene = Scene::new(stage);
        scene.ask("slow", "hold");
        scene.ask("quick", "echo");
        assert_eq!(scene.heard(1).await[0]["id"], "quick");
        let answer = scene.book.held.lock().unwrap().pop().expect("it is held");
        answer.send(Ok(Payload::of(&7))).expect("somebody waits");
        assert_eq!(scene.heard(2).await[1], json!({ "type": "res", "id": "slow", "ok": true, "payload": 7 }));
    });
}

#[test]
fn a_request_above_the_bound_is_refused_and_there_is_room_again_later() {
    play(|stage| async {
        let scene = Scene::new(stage);
        for number in 0..=REQUESTS_MAX {
            scene.ask(&number.to_string(), "hold");
        }
        let heard = scene.heard(1).await;
        assert_eq!(heard[0]["id"], REQUESTS_MAX.to_string());
        assert!(is_lost(&heard[0]), "{heard:?}");
        let held = scene.book.held.lock().unwrap().pop().expect("they are held");
        held.send(Ok(Payload::of(&1))).expect("somebody waits");
        scene.heard(2).await;
        scene.ask("again", "echo");
        assert_eq!(scene.heard(3).await[2]["ok"], true);
    });
}

#[test]
fn a_request_that_takes_too_long_is_answered_with_a_timeout() {
    play(|stage| async {
        let scene = Scene::new(stage);
        scene.ask("a", "never");
        // Its turn has come when the next one is answered.
        scene.ask("b", "echo");
        scene.heard(1).await;
        scene.stage.pass_until("the deadline", || scene.look() == 2).await;
        let heard = scene.heard(2).await;
        assert_eq!(heard[1]["error"]["message"], "never was not answered within 3 s");
        assert_eq!(heard[1]["error"]["retryable"], true);
    });
}

/// Has the actor fail with requests in hand; looks that each is answered once, and that the same seat goes on.
fn crash_is_survived(boom: &'static str) {
    play(move |stage| async move {
        let scene = Scene::new(stage);
        scene.ask("one", "hold");
        scene.ask("two", "never");
        scene.ask("three", boom);
        let mut lost = scene.heard(3).await;
        assert!(lost.iter().all(is_lost), "{lost:?}");
        lost.sort_by_key(|frame| frame["id"].to_string());
        assert_eq!(lost.iter().map(|frame| &frame["id"]).collect::<Vec<_>>(), ["one", "three", "two"]);
        let event = |seq| Arc::new(Event::new(seq, &EventBody::new(EventName::Tick, &json!({}))));
        scene.place.seat.hear(&event(1));
        scene.ask("four", "echo");
        let heard = scene.heard(5).await;
        assert_eq!((&heard[3]["seq"], &heard[4]["id"], &heard[4]["ok"]), (&json!(1), &json!("four"), &json!(true)));
        assert_eq!(scene.restarts(), 1);
        // The old actor's deadlines went with it: nobody is answered twice.
        scene.stage.pass(Duration::from_secs(10)).await;
        assert_eq!(scene.look(), 5);
        assert_eq!(scene.place.cuts.load(SeqCst), 0);
    });
}

#[test]
fn a_panic_in_a_method_is_survived() {
    crash_is_survived("boom");
}

#[test]
fn a_panic_in_a_method_that_waited_is_survived() {
    crash_is_survived("late boom");
}

#[test]
fn frames_that_waited_for_an_actor_that_is_lost_are_answered_by_the_next() {
    play(|stage| async move {
        let place = Place::new("c1");
        // As after a thread that was given up: the frames are there, and their letters are not.
        for id in ["one", "two"] {
            let frame = json!({ "type": "req", "id": id, "method": "echo" }).to_string();
            assert!(place.seat.put_down(&frame.into()));
        }
        let methods = Arc::<Book>::default() as Arc<dyn Methods>;
        stage.start(ClientActor::spec(&place.seat, &methods));
        let seen = Mutex::new(Vec::new());
        stage
            .until("two answers", || {
                let mut seen = seen.lock().unwrap();
                seen.extend(place.written());
                seen.len() == 2
            })
            .await;
        let ids: Vec<_> = seen.lock().unwrap().iter().map(|frame| frame["id"].clone()).collect();
        assert_eq!(ids, ["one", "two"]);
    });
}

#[test]
fn a_client_is_read_no_further_when_too_many_frames_wait() {
    play(|stage| async move {
        let scene = Scene::new(stage);
        while scene.place.seat.put_down(&"noise".into()) {}
        assert_eq!(scene.line.say(&"noise".into()), Err(TellError::Full));
    });
}

#[test]
fn a_client_that_does_not_read_is_cut_and_one_that_does_is_not() {
    play(|stage| async move {
        let (slow, quick) = (Scene::new(Arc::clone(&stage)), Place::new("c2"));
        let methods = Arc::clone(&slow.book) as Arc<dyn Methods>;
        stage.start(ClientActor::spec(&quick.seat, &methods));
        for place in [&slow.place, &quick] {
            place.seat.backlog.push(vec![b' '; WAITING_BYTES_MAX + 1].into(), Delivery::Kept);
        }
        drop(super::bench::next(&quick.seat.backlog));
        let event = Arc::new(Event::new(1, &EventBody::new(EventName::Health, &json!({}))));
        for place in [&slow.place, &quick] {
            place.seat.hear(&event);
        }
        stage.pass_until("the cut", || slow.place.cuts.load(SeqCst) > 0).await;
        assert_eq!((slow.place.seat.backlog.is_cut(), quick.seat.backlog.is_cut()), (true, false));
        assert_eq!((quick.cuts.load(SeqCst), quick.written().len()), (0, 1));
    });
}

#[test]
fn a_client_that_takes_nothing_for_long_is_cut_however_little_waits() {
    play(|stage| async move {
        let (stuck, idle, busy) = (Scene::new(Arc::clone(&stage)), Place::new("c2"), Place::new("c3"));
        let methods = Arc::clone(&stuck.book) as Arc<dyn Methods>;
        for place in [&idle, &busy] {
            stage.start(ClientActor::spec(&place.seat, &methods));
        }
        let large = || busy.seat.backlog.push(vec![b' '; 64 * 1024].into(), Delivery::Kept);
        for backlog in [&stuck.place.seat.backlog, &busy.seat.backlog] {
            backlog.push("{}".into(), Delivery::Kept);
        }
        large();
        // It never has all that there is, and always something.
        let reads_on = || {
            large();
            drop(super::bench::next(&busy.seat.backlog));
        };
        let is_cut = || stuck.place.cuts.load(SeqCst) > 0;
        stage.pass_until("the cut", || (reads_on(), is_cut()).1).await;
        let end = stage.clock.elapsed() + Duration::from_secs(60);
        stage.pass_until("more time passes", || (reads_on(), stage.clock.elapsed() >= end).1).await;
        assert!(stuck.place.seat.backlog.is_cut() && !idle.seat.backlog.is_cut());
        assert_eq!((idle.cuts.load(SeqCst), busy.cuts.load(SeqCst)), (0, 0));
    });
}
