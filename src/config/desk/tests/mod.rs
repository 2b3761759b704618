mod patches;
mod properties;
mod reads;
mod secrets;
mod single;
mod writes;

use std::sync::{Arc, Mutex};

use callboard_actors::core::Clock;
use serde_json::{Value, json};

use super::{ConfigDesk, ConfigView, DeskError, Keeper, RestartTicket, RestartWish, Weight, Written};
use crate::config::reload::{Plan, plan};
use crate::config::tests::Home;
use crate::config::{Config, Overrides};

/// Stands in for the gateway: runs with the file as it was when the desk was opened.
struct Doorman {
    running: Config,
    refuses: Mutex<Option<String>>,
    told: Mutex<Vec<(String, Weight, RestartWish)>>,
}

impl Keeper for Doorman {
    fn running(&self) -> Config {
        self.running.clone()
    }

    fn judge(&self, next: &Config) -> Result<Plan, String> {
        self.refuses.lock().unwrap().clone().map_or_else(|| Ok(plan(&self.running, next)), Err)
    }

    fn take_over(&self, reason: &'static str, weight: Weight, wish: &RestartWish) -> Option<RestartTicket> {
        self.told.lock().unwrap().push((reason.to_owned(), weight, wish.clone()));
        None
    }
}

/// A desk over a home folder.
struct Stage {
    home: Home,
    desk: ConfigDesk,
    doorman: Arc<Doorman>,
}

impl Stage {
    fn new(home: Home) -> Self {
        Self::with(home, Overrides::default())
    }

    fn with(home: Home, overrides: Overrides) -> Self {
        let running = home.load().or_else(|_| Home::new().load()).unwrap();
        let doorman = Arc::new(Doorman { running, refuses: Mutex::default(), told: Mutex::default() });
        let keeper = Arc::clone(&doorman) as Arc<dyn Keeper>;
        let desk = ConfigDesk::new(home.paths(), home.env(), overrides, keeper, Clock::manual(0));
        Self { home, desk, doorman }
    }

    fn config(text: &str) -> Self {
        Self::new(Home::new().config(text))
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.home.paths().config_file).unwrap()
    }

    fn hash(&self) -> Option<String> {
        self.desk.get().hash
    }

    fn set(&self, raw: &str) -> Result<Written, DeskError> {
        self.desk.set(raw, self.hash().as_deref())
    }

    fn patch(&self, raw: &str) -> Result<Written, DeskError> {
        self.desk.patch(raw, self.hash().as_deref(), &RestartWish::default())
    }

    /// The path and message of each issue of an error.
    fn issues(error: &DeskError) -> Vec<(String, String)> {
        let details = error.details().unwrap_or_else(|| panic!("{error} has no issues"));
        let text = |issue: &Value, field: &str| issue[field].as_str().unwrap().to_owned();
        let issues = details["issues"].as_array().unwrap().clone();
        issues.iter().map(|issue| (text(issue, "path"), text(issue, "message"))).collect()
    }
}

fn as_json(view: &ConfigView) -> Value {
    serde_json::to_value(view).unwrap()
}

fn wire(written: &Written) -> Value {
    json!({ "written": serde_json::to_value(written).unwrap() })
}
