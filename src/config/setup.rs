//! The first run: a config file with a token of its own.

use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use callboard_actors::core::hex;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::edit::{self, Change, EditError};
use super::{ConfigError, Environment, KeyPath, Overrides, Paths, load};

/// How many random bytes a token has; it is written as twice as many hexadecimal digits.
const TOKEN_BYTES: usize = 32;
/// Only the owner enters a folder that may hold secrets.
const FOLDER_MODE: u32 = 0o700;

/// What a setup did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// A config file with a token.
    Config,
    /// A token for the config file that was there.
    Token,
    /// Nothing: both were there.
    Nothing,
}

/// Why a setup did nothing.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The config file that is there cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The token has no place in the config file.
    #[error(transparent)]
    Edit(#[from] EditError),
}

/// Makes what is missing: the state folder, the config file, a token in it. What is there stays.
///
/// # Errors
/// When a config file is there and cannot be used, or a folder or file cannot be made.
pub fn setup(paths: &Paths, env: &Environment) -> Result<Made, SetupError> {
    make_folder(&paths.state_dir)?;
    if let Some(folder) = paths.config_file.parent() {
        make_folder(folder)?;
    }
    if !paths.config_file.exists() {
        edit::write(&paths.config_file, &first_text(&paths.config_file))?;
        return Ok(Made::Config);
    }
    let config = load(paths, env, &Overrides::default())?;
    if config.slices.gateway.auth.secret().is_some() {
        return Ok(Made::Nothing);
    }
    let token = json!(new_token().expose_secret());
    let path = KeyPath::default().key("gateway").key("auth").key("token");
    let text = edit::edit(&edit::current_text(&paths.config_file)?, &paths.config_file, &path, &Change::Set(token))?;
    edit::write(&paths.config_file, &text)?;
    Ok(Made::Token)
}

/// Returns a fresh token from the operating system's randomness.
#[must_use]
pub fn new_token() -> SecretString {
    let bytes: [u8; TOKEN_BYTES] = rand::random();
    hex(&bytes).into()
}

/// Makes a folder that is not there, for its owner only.
///
/// # Errors
/// Names the folder, and what the system said.
pub fn make_folder(folder: &Path) -> Result<(), ConfigError> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let trouble =
        |error: std::io::Error| ConfigError::File { what: "make", file: folder.to_owned(), reason: error.to_string() };
    std::fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder).map_err(trouble)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(FOLDER_MODE)).map_err(trouble)
}

fn first_text(file: &Path) -> String {
    let token = new_token();
    let token = token.expose_secret();
    match super::document::Format::of(file) {
        super::document::Format::Yaml => format!(
            "# Callboard's configuration. `callboard config schema` lists every key, `callboard config validate` checks this file.\n\
             gateway:\n  mode: local\n  auth:\n    # Whoever has it may do everything. `${{NAME}}` takes it from the environment instead.\n    token: \"{token}\"\n"
        ),
        super::document::Format::Json5 => format!(
            "// Callboard's configuration. `callboard config schema` lists every key, `callboard config validate` checks this file.\n\
             {{\n  gateway: {{\n    mode: \"local\",\n    auth: {{\n      // Whoever has it may do everything. \"${{NAME}}\" takes it from the environment instead.\n      \
             token: \"{token}\",\n    }},\n  }},\n}}\n"
        ),
    }
}
