//! From the settings of the compatible endpoints to what they take.

use std::time::Duration;

use callboard_actors::ports::Reach;

use crate::config::model::{BodyFiles, BodyImages, ChatCompletions, Responses};
use crate::http::{BodyRules, ByAddress, Kinds};

/// Returns what chat completions take.
pub(super) fn chat(settings: &ChatCompletions) -> BodyRules {
    let rules = BodyRules::chat_completions();
    BodyRules {
        bytes_max: settings.max_body_bytes,
        pictures_max: settings.max_image_parts,
        pictures_bytes_max: settings.max_total_image_bytes,
        pictures: pictures(&settings.images, rules.pictures),
        ..BodyRules::chat_completions()
    }
}

/// Returns what responses take.
pub(super) fn responses(settings: &Responses) -> BodyRules {
    let rules = BodyRules::responses();
    BodyRules {
        bytes_max: settings.max_body_bytes,
        addresses_max: settings.max_url_parts,
        pictures: pictures(&settings.images, rules.pictures),
        files: files(&settings.files, rules.files),
        chars_max: settings.files.max_chars,
        ..BodyRules::responses()
    }
}

fn pictures(settings: &BodyImages, usual: Kinds) -> Kinds {
    Kinds {
        key: usual.key,
        by_address: settings.allow_url.map_or(usual.by_address, by_address),
        mimes: settings.allowed_mimes.clone(),
        bytes_max: settings.max_bytes,
        reach: reach(settings.max_redirects, settings.timeout_ms, &settings.url_allowlist),
    }
}

fn files(settings: &BodyFiles, usual: Kinds) -> Kinds {
    Kinds {
        key: usual.key,
        by_address: by_address(settings.allow_url),
        mimes: settings.allowed_mimes.clone(),
        bytes_max: settings.max_bytes,
        reach: reach(settings.max_redirects, settings.timeout_ms, &settings.url_allowlist),
    }
}

/// Only the configuration says this with a boolean.
fn by_address(allowed: bool) -> ByAddress {
    if allowed { ByAddress::Fetched } else { ByAddress::Told }
}

fn reach(redirects_max: usize, timeout_ms: u64, hosts: &[String]) -> Reach {
    let hosts = hosts.iter().map(|host| host.trim().to_ascii_lowercase());
    Reach { redirects_max, time_max: Duration::from_millis(timeout_ms), hosts: hosts.collect() }
}
