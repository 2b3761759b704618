//! Layers: defaults below the file below the environment below the command line's flags.

use config::{Source, Value as Layered, ValueKind};
use serde_json::{Map, Value, json};

use super::model::Model;
use super::{Environment, KeyPath, Overrides, Problem};

/// One layer of the tree.
#[derive(Clone)]
pub(super) struct Layer {
    name: String,
    tree: Map<String, Value>,
}

/// Shows its name only: it may hold secrets.
impl std::fmt::Debug for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Layer({})", self.name)
    }
}

impl Layer {
    /// Makes a layer from an object; anything else is an empty one.
    pub(super) fn new(name: impl Into<String>, tree: Value) -> Self {
        let tree = if let Value::Object(tree) = tree { tree } else { Map::new() };
        Self { name: name.into(), tree }
    }

    /// The defaults, as the types say them.
    pub(super) fn defaults() -> Self {
        Self::new("defaults", serde_json::to_value(Model::default()).unwrap_or_default())
    }

    /// The variables that stand for keys.
    ///
    /// # Errors
    /// Names the variable that cannot be its key's value.
    pub(super) fn environment(env: &Environment) -> Result<Self, Problem> {
        let mut gateway = json!({});
        for (suffix, key) in [("GATEWAY_TOKEN", "token"), ("GATEWAY_PASSWORD", "password")] {
            if let (Some(value), Some(gateway)) = (env.ours(suffix), gateway.as_object_mut()) {
                let auth = gateway.entry("auth").or_insert_with(|| json!({}));
                super::include::merge(auth, json!({ key: value }));
            }
        }
        if let Some((name, port)) = env.ours_named("GATEWAY_PORT") {
            let wrong = || {
                Problem::new(KeyPath::default().key(&name), format!("`{port}` is not a port: choose 0 to 65535, or unset it"))
            };
            let port: u16 = port.trim().parse().map_err(|_| wrong())?;
            super::include::merge(&mut gateway, json!({ "port": port }));
        }
        Ok(Self::new("the environment", json!({ "gateway": gateway })))
    }

    /// The flags of the command line.
    pub(super) fn flags(flags: &Overrides) -> Self {
        use secrecy::ExposeSecret as _;
        let mut gateway = json!({});
        if let Some(port) = flags.port {
            super::include::merge(&mut gateway, json!({ "port": port }));
        }
        if let Some(bind) = flags.bind {
            super::include::merge(&mut gateway, json!({ "bind": bind }));
        }
        if let Some(token) = &flags.token {
            super::include::merge(&mut gateway, json!({ "auth": { "mode": "token", "token": token.expose_secret() } }));
        }
        Self::new("the command line", json!({ "gateway": gateway }))
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<config::Map<String, Layered>, config::ConfigError> {
        Ok(self.tree.iter().map(|(key, value)| (key.clone(), layered(&self.name, value))).collect())
    }
}

/// Joins layers, the later ones over the earlier ones.
///
/// # Errors
/// What the `config` crate says of a value that no type takes.
pub(super) fn join(layers: Vec<Layer>) -> Result<(Model, Value), Problem> {
    let whole = |error: config::ConfigError| Problem::new(KeyPath::default(), error.to_string());
    let builder = layers.into_iter().fold(config::Config::builder(), |builder, layer| builder.add_source(layer));
    let joined = builder.build().map_err(whole)?;
    let mut tree: Value = joined.clone().try_deserialize().map_err(whole)?;
    tree.sort_all_objects();
    Ok((joined.try_deserialize().map_err(whole)?, tree))
}

fn layered(origin: &str, value: &Value) -> Layered {
    let kind = match value {
        Value::Null => ValueKind::Nil,
        Value::Bool(flag) => ValueKind::Boolean(*flag),
        Value::String(text) => ValueKind::String(text.clone()),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => ValueKind::I64(number),
            (None, Some(number)) => ValueKind::U64(number),
            (None, None) => ValueKind::Float(number.as_f64().unwrap_or_default()),
        },
        Value::Array(items) => ValueKind::Array(items.iter().map(|item| layered(origin, item)).collect()),
        Value::Object(map) => ValueKind::Table(map.iter().map(|(key, item)| (key.clone(), layered(origin, item))).collect()),
    };
    Layered::new(Some(&origin.to_owned()), kind)
}
