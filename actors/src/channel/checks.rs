//! Looking at the values of an account's settings, alike for every kind.

use std::ops::RangeInclusive;

use url::Url;

use super::section::Draft;
use super::{AccountProblem, tls};

/// What is wrong with the values of one account, each with its key.
#[derive(Debug, Default)]
pub(super) struct Checks(Vec<(&'static str, String)>);

impl Checks {
    /// Takes over what is wrong with a key, if anything is.
    pub(super) fn check(&mut self, key: &'static str, result: Result<(), String>) {
        if let Err(text) = result {
            self.0.push((key, text));
        }
    }

    /// Wants a number within its bounds.
    pub(super) fn within(&mut self, key: &'static str, value: impl Into<u64>, bounds: RangeInclusive<u64>, unit: &str) {
        self.check(key, within(value.into(), bounds, unit));
    }

    /// Wants the address of a server, one like the example.
    pub(super) fn web_address(&mut self, key: &'static str, address: &str, example: &str) {
        self.check(key, web_address(address, example));
    }

    /// Wants certificates that can be read, `caPem` before `caFile`, whose contents the loader puts there.
    pub(super) fn certificates(&mut self, ca_pem: Option<&str>, ca_file: Option<&str>) {
        match (ca_pem, ca_file) {
            (Some(pem), _) => self.check("caPem", tls::certificates(pem).map(drop).map_err(|error| error.to_string())),
            (None, Some(_)) => {
                let text = "its contents are missing: the file is read when the configuration is loaded";
                self.check("caFile", Err(text.to_owned()));
            }
            (None, None) => {}
        }
    }

    /// Returns the settings that were looked at, if nothing is wrong with them.
    ///
    /// # Errors
    /// Names each value that cannot be used, with its place.
    pub(super) fn passed<T>(self, settings: T, draft: &Draft) -> Result<T, Vec<AccountProblem>> {
        if self.0.is_empty() {
            return Ok(settings);
        }
        Err(self.0.into_iter().map(|(key, text)| draft.problem(key, &text)).collect())
    }
}

/// Wants a number within its bounds.
///
/// # Errors
/// Names the bounds and the number.
pub(super) fn within(value: u64, bounds: RangeInclusive<u64>, unit: &str) -> Result<(), String> {
    if bounds.contains(&value) {
        return Ok(());
    }
    Err(format!("has to be {} to {} {unit}, not {value}", bounds.start(), bounds.end()))
}

fn web_address(address: &str, example: &str) -> Result<(), String> {
    let form = || format!("has to be an address like {example}, without a query and without a login");
    let url = Url::parse(address).map_err(|_| form())?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    let web = matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty());
    if plain && web { Ok(()) } else { Err(form()) }
}
