//! `mcp.*`: servers of the Model Context Protocol, whose tools agents have.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// Servers of the Model Context Protocol.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Mcp {
    /// The servers by name: 1 to 24 of a-z, 0-9, `-` and `_`, without `__`. Their tools are called `<name>__<tool>`.
    pub servers: BTreeMap<String, McpEntry>,
}

/// One server: a program (`command`), or an address (`url`).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct McpEntry {
    /// Whether it is connected.
    pub enabled: bool,
    /// The program, spoken to over its standard input and output. It ends with the gateway, however that ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    pub command: Option<String>,
    /// Its arguments.
    #[schemars(length(max = 256))]
    pub args: Vec<String>,
    /// Its variables; best as `${NAME}`. Of the gateway's own it has only those that every program needs, such as `PATH` and `HOME`.
    #[serde(skip_serializing)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub env: BTreeMap<String, SecretString>,
    /// The folder that it begins in, `~` being the home folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    pub cwd: Option<String>,
    /// The address, for streamable HTTP.
    #[serde(skip_serializing)]
    #[schemars(with = "Option<String>")]
    pub url: Option<SecretString>,
    /// What goes with every request; best as `${NAME}`.
    #[serde(skip_serializing)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub headers: BTreeMap<String, SecretString>,
    /// How long a call may take, in milliseconds.
    #[schemars(range(min = 100, max = 115_000))]
    pub timeout_ms: u64,
    /// Which of its tools agents have, by the names that the server gives them.
    pub tools: McpTools,
}

impl Default for McpEntry {
    fn default() -> Self {
        Self {
            enabled: true,
            command: None,
            args: Vec::new(),
            env: BTreeMap::new(),
            cwd: None,
            url: None,
            headers: BTreeMap::new(),
            timeout_ms: 60_000,
            tools: McpTools::default(),
        }
    }
}

/// Which of a server's tools agents have.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct McpTools {
    /// The only ones; an empty list is all.
    #[schemars(length(max = 256))]
    pub allow: Vec<String>,
    /// Those that they have not.
    #[schemars(length(max = 256))]
    pub deny: Vec<String>,
}
