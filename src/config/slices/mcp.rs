//! Servers of the Model Context Protocol.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use callboard_actors::agent::{MCP_JOINT, ToolNames};
use callboard_actors::mcp::McpSettings;
use callboard_actors::ports::{McpServer, McpWay};
use secrecy::ExposeSecret as _;
use url::Url;

use super::FolderOf;
use crate::config::model::{McpEntry, Model};
use crate::config::paths::expand;
use crate::config::{KeyPath, Paths, Problem};

/// The longest name of a server: what is left of a tool's name is the tool's own.
const NAME_LEN_MAX: usize = 24;

/// Returns the servers that are to be connected.
pub(super) fn cut(model: &Model, paths: &Paths, folder: FolderOf<'_>, problems: &mut Vec<Problem>) -> Vec<McpSettings> {
    let at = KeyPath::default().key("mcp").key("servers");
    let servers = model.mcp.servers.iter().filter_map(|(name, entry)| {
        let here = at.key(name);
        if !is_name(name) {
            let text = format!(
                "has to be 1 to {NAME_LEN_MAX} of a-z, 0-9, `-` and `_`, a letter or digit first, without `{MCP_JOINT}`"
            );
            problems.push(Problem::new(here, text));
            return None;
        }
        let way = way(entry, &here, paths, folder).map_err(|problem| problems.push(problem)).ok()?;
        entry.enabled.then(|| settings(name, entry, way))
    });
    servers.collect()
}

fn is_name(name: &str) -> bool {
    let plain = |mark: char| mark.is_ascii_lowercase() || mark.is_ascii_digit();
    name.len() <= NAME_LEN_MAX
        && name.starts_with(plain)
        && !name.contains(MCP_JOINT)
        && name.chars().all(|mark| plain(mark) || matches!(mark, '-' | '_'))
}

fn way(entry: &McpEntry, at: &KeyPath, paths: &Paths, folder: FolderOf<'_>) -> Result<McpWay, Problem> {
    match (&entry.command, &entry.url) {
        (Some(_), Some(_)) => Err(Problem::new(at.clone(), "has `command` and `url`: keep one of the two")),
        (None, None) => Err(Problem::new(at.clone(), "has neither `command` nor `url`: name the program, or the address")),
        (Some(command), None) => Ok(McpWay::Process {
            command: expand(command, paths.home.as_deref()).display().to_string(),
            args: entry.args.clone(),
            env: entry.env.clone(),
            cwd: entry.cwd.as_deref().map(|cwd| folder(&at.key("cwd")).join(expand(cwd, paths.home.as_deref()))),
        }),
        (None, Some(url)) => {
            let parsed = Url::parse(url.expose_secret()).ok();
            if parsed.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
                return Ok(McpWay::Http { url: url.clone(), headers: entry.headers.clone() });
            }
            Err(Problem::new(at.key("url"), "has to be an http or https address, for example \"https://mcp.example.org/mcp\""))
        }
    }
}

fn settings(name: &str, entry: &McpEntry, way: McpWay) -> McpSettings {
    let names = |names: &[String]| ToolNames::new(names);
    McpSettings {
        fingerprint: fingerprint(entry, &way),
        server: Arc::new(McpServer { name: name.to_owned(), way, call_time_max: Duration::from_millis(entry.timeout_ms) }),
        allow: (!entry.tools.allow.is_empty()).then(|| names(&entry.tools.allow)),
        deny: names(&entry.tools.deny),
    }
}

fn fingerprint(entry: &McpEntry, way: &McpWay) -> u64 {
    let mut hasher = DefaultHasher::new();
    match way {
        McpWay::Process { command, args, env, cwd } => {
            (command, args, cwd).hash(&mut hasher);
            for (name, value) in env {
                (name, value.expose_secret()).hash(&mut hasher);
            }
        }
        McpWay::Http { url, headers } => {
            url.expose_secret().hash(&mut hasher);
            for (name, value) in headers {
                (name, value.expose_secret()).hash(&mut hasher);
            }
        }
    }
    (entry.timeout_ms, &entry.tools.allow, &entry.tools.deny).hash(&mut hasher);
    hasher.finish()
}
