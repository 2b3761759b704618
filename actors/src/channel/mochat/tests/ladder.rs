use std::time::Duration;

use crate::channel::mochat::ladder::Ladder;
use crate::channel::mochat::socket::SocketSettings;
use crate::core::Backoff;
use crate::socketio::{Parser, Parsers};

fn settings() -> SocketSettings {
    SocketSettings {
        base: "http://127.0.0.1:9".to_owned(),
        path: "/socket.io".to_owned(),
        parsers: Parsers::Only(Parser::Json),
        ca_pem: None,
        timeout: Duration::from_secs(10),
        backoff: Backoff { base: Duration::from_secs(1), max: Duration::from_secs(10), jitter: 0.0 },
        tries_max: 0,
        slow: Duration::from_secs(300),
    }
}

fn waits(lives_secs: &[u64]) -> Vec<u64> {
    let mut ladder = Ladder::default();
    let lived = |secs: &u64| {
        ladder.lived(Duration::from_secs(*secs));
        ladder.wait(&settings()).as_secs()
    };
    lives_secs.iter().map(lived).collect()
}

#[test]
fn sessions_that_are_cut_soon_come_back_ever_later_and_one_that_lasts_mends_it() {
    assert_eq!(waits(&[5; 9]), [1, 2, 10, 20, 40, 80, 160, 300, 300]);
    assert_eq!(waits(&[5, 5, 5, 5, 60, 5, 5]), [1, 2, 10, 20, 1, 2, 4]);
    assert_eq!(waits(&[3600; 4]), [1; 4]);
}

#[test]
fn a_server_that_is_away_is_asked_at_the_usual_pace() {
    let mut ladder = Ladder::default();
    let failed = |_| {
        ladder.failed();
        ladder.wait(&settings()).as_secs()
    };
    assert_eq!((0..7).map(failed).collect::<Vec<_>>(), [1, 2, 4, 8, 10, 10, 10]);
}

/// However the sessions are cut, the way changes no more than twice a session, and there are so many in an hour.
#[test]
fn an_hour_of_cuts_has_few_changes() {
    let (mut ladder, mut passed, mut sessions) = (Ladder::default(), 0, 0);
    while passed < 3600 {
        ladder.lived(Duration::ZERO);
        sessions += 1;
        passed += ladder.wait(&settings()).as_secs();
    }
    assert!(sessions <= 20, "{sessions}");
}
