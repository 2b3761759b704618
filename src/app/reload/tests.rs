use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use callboard_actors::channel::webchat::WebChatDesk;
use callboard_actors::core::Clock;
use callboard_actors::registry::Board;
use tracing_subscriber::layer::SubscriberExt as _;

use super::{Look, Reloader};
use crate::app::live::LiveConfig;
use crate::app::restart::RestartHandle;
use crate::app::{Options, Verbosity};
use crate::config::desk::{Keeper as _, RestartWish, Weight};
use crate::config::{Environment, Instance, Overrides, Paths, load};
use crate::logs::{LogSettings, Logs, build};

const SETTINGS: &str = "gateway: { auth: { token: 'sesame-old' }, reload: { debounceMs: 0 } }";

/// A state folder and what a gateway is started with in it.
struct Stage {
    folder: tempfile::TempDir,
    options: Options,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let env = Environment::from_pairs([("HOME", folder.path().to_str().unwrap())]);
        let paths = Paths::resolve(Instance::Default, &env).unwrap();
        std::fs::create_dir_all(&paths.state_dir).unwrap();
        std::fs::write(&paths.config_file, format!("{{ {SETTINGS} }}")).unwrap();
        let overrides = Overrides::default();
        let config = load(&paths, &env, &overrides).unwrap();
        Self { folder, options: Options { config, paths, env, overrides, verbosity: Verbosity::Usual } }
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.options.paths.state_dir.join(name), text).unwrap();
    }

    fn logs(&self) -> PathBuf {
        self.folder.path().join("logs")
    }

    /// Begins a life.
    fn begin(&self, logs: Logs) -> Reloader {
        let clock = Clock::manual(0);
        let live = LiveConfig::new(self.options.config.clone(), clock.clone(), WebChatDesk::default()).unwrap();
        let board = Arc::new(Board::new(live.routes()));
        let restart = RestartHandle::new(clock, self.options.paths.state_dir.clone());
        Reloader::new(live, Arc::new(logs), board, restart, &self.options)
    }
}

fn take_over(reloader: &Reloader) {
    let _ = reloader.take_over("file change", Weight::Change, &RestartWish::default());
}

fn no_logs() -> Logs {
    build(&LogSettings::default(), Clock::manual(0), jiff::tz::TimeZone::UTC).unwrap().1
}

#[test]
fn what_is_written_between_the_reading_and_the_life_is_found() {
    let stage = Stage::new();
    assert_eq!(stage.begin(no_logs()).look(), Look::Still);
    stage.write("callboard.json", &format!("{{ {SETTINGS}, session: {{ mainKey: 'other' }} }}"));
    let reloader = stage.begin(no_logs());
    assert_eq!(reloader.look(), Look::Changed);
    take_over(&reloader);
    assert_eq!(reloader.look(), Look::Still);
    assert_eq!(reloader.running().slices.routes.main_key, "other");
}

#[test]
fn the_mend_of_a_file_that_broke_the_configuration_is_found() {
    let stage = Stage::new();
    let reloader = stage.begin(no_logs());
    stage.write("callboard.json", &format!("{{ {SETTINGS}, session: {{ $include: 'more.json' }} }}"));
    for (broken, wanted) in [(None, "a"), (Some("{ mainKey: "), "b"), (Some("{ mainKey: 7 }"), "c")] {
        let _ = broken.map(|text| stage.write("more.json", text));
        assert_eq!(reloader.look(), Look::Changed, "{broken:?}");
        take_over(&reloader);
        assert_eq!(reloader.look(), Look::Still, "{broken:?}: it was tried");
        stage.write("more.json", &format!("{{ mainKey: '{wanted}' }}"));
        assert_eq!(reloader.look(), Look::Changed, "{broken:?}: it was mended");
        take_over(&reloader);
        assert_eq!(reloader.running().slices.routes.main_key, wanted);
    }
}

#[test]
fn a_secret_is_hidden_while_somebody_may_still_have_it() {
    let stage = Stage::new();
    let settings = LogSettings { dir: Some(stage.logs()), ..LogSettings::default() };
    let (layer, logs) = build(&settings, Clock::manual(0), jiff::tz::TimeZone::UTC).unwrap();
    let reloader = stage.begin(logs);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        stage.write("callboard.json", &format!("{{ {} }}", SETTINGS.replace("old", "older")));
        take_over(&reloader);
        tracing::info!("a request with sesame-old, one with sesame-older");
    });
    reloader.logs.flush(Duration::from_secs(10));
    let text: String = std::fs::read_dir(stage.logs())
        .unwrap()
        .filter_map(|file| std::fs::read_to_string(file.unwrap().path()).ok())
        .collect();
    assert!(text.contains("a request with [hidden], one with [hidden]"), "{text}");
}
