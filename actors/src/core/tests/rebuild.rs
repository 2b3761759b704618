//! An actor is built from the settings of the moment, and nothing of the one before is left.

use std::net::UdpSocket;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;

use crate::core::{Live, Progress};

use super::probe::{Plan, act, number, tell};
use super::stage::{PATIENCE, play, until};

#[test]
fn from_the_current_settings() {
    play(|stage| async move {
        let config = Arc::new(ArcSwap::from_pointee(1_u32));
        let (source, seen) = (Arc::clone(&config), Arc::new(Mutex::new(Vec::new())));
        let settings = Live::new(move || source.load_full());
        let note = Arc::clone(&seen);
        let plan = Plan::new().build(move |_| {
            note.lock().unwrap().push(*settings.get());
            Ok(())
        });
        let probe = stage.start("probe", &plan);
        assert_eq!(number(&probe).await, Ok(1));
        config.store(Arc::new(2));
        tell(&probe, |_, _| panic!("once"));
        assert_eq!(number(&probe).await, Ok(2));
        config.store(Arc::new(3));
        stage.supervisor.restart(probe.id(), PATIENCE).await.unwrap();
        assert_eq!(*seen.lock().unwrap(), [1, 2, 3]);
    });
}

/// A cancelled timer of one incarnation must not take one of the next with it.
#[test]
fn a_cancelled_timer_is_cancelled_in_its_incarnation_only() {
    play(|stage| async move {
        let fired = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&fired);
        let plan = Plan::new().started(move |number, scope| {
            let count = Arc::clone(&count);
            let timer = scope.after(std::time::Duration::from_millis(5), move |_, _| {
                count.fetch_add(1, SeqCst);
            });
            if number == 1 {
                scope.cancel(timer);
                panic!("right after");
            }
        });
        let probe = stage.start("probe", &plan);
        assert_eq!(number(&probe).await, Ok(2));
        until("the timer of the second fires", || fired.load(SeqCst) == 1).await;
        tell(&probe, |_, scope| {
            let timer = scope.after(std::time::Duration::ZERO, |_, _| panic!("it was cancelled"));
            scope.cancel(timer);
            scope.cancel(timer);
        });
        let (sender, done) = tokio::sync::oneshot::channel();
        tell(&probe, move |_, scope| {
            scope.after(std::time::Duration::from_millis(5), move |_, _| sender.send(()).unwrap());
        });
        done.await.unwrap();
        assert_eq!(number(&probe).await, Ok(2));
    });
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// Each incarnation binds the very port of the one before: it is free by then, after crashes and after orders by hand. Other
/// tests run beside this one, so it counts its own tasks exactly and the process's threads and files with some slack.
#[test]
fn nothing_grows_over_a_thousand_restarts() {
    const RESTARTS: u32 = 1000;
    play(|stage| async move {
        let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (alive, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (counter, peak) = (Arc::clone(&alive), Arc::clone(&most));
        let plan = Plan::new().started(move |_, scope| {
            let socket = UdpSocket::bind(port).expect("the port is free again");
            peak.fetch_max(counter.fetch_add(1, SeqCst) + 1, SeqCst);
            let counted = Counted(Arc::clone(&counter));
            let listen = move |progress: Progress| async move {
                socket.set_nonblocking(true).unwrap();
                let socket = tokio::net::UdpSocket::from_std(socket).unwrap();
                let _ = socket.recv(&mut [0]).await;
                drop((counted, progress));
            };
            scope.child("socket", PATIENCE, listen, |_, (), _| {});
            scope.after(PATIENCE, |_, _| {});
        });
        let probe = stage.start("probe", &plan);
        assert_eq!(number(&probe).await, Ok(1));
        let before = (open_files(), threads());
        for restart in 1..=RESTARTS {
            match restart % 3 {
                0 => drop(stage.supervisor.restart(probe.id(), PATIENCE).await.unwrap()),
                1 => tell(&probe, |_, _| panic!("again")),
                _ => tell(&probe, |_, scope| scope.stop()),
            }
            assert_eq!(number(&probe).await, Ok(restart + 1));
        }
        let report = stage.report("probe");
        assert_eq!(report.restarts, RESTARTS);
        assert_eq!((alive.load(SeqCst), most.load(SeqCst)), (1, 1), "one child at a time");
        let after = (open_files(), threads());
        assert!(after.0 < before.0 + 200 && after.1 < before.1 + 200, "{before:?} to {after:?}");
        stage.supervisor.stop(probe.id(), PATIENCE).await.unwrap();
        until("the last child is gone", || alive.load(SeqCst) == 0).await;
        assert!(probe.tell(act(|_, _| {})).is_err());
    });
}
