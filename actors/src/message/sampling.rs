//! How a provider is to choose its words.

use serde_json::Value;

/// What whoever asks a turn wants of the provider's way to answer. Providers that know no such thing take no notice; what is not
/// set is left to the backend. Checked by whoever takes it in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sampling {
    /// From 0, always the likeliest word, to 2.
    pub temperature: Option<f64>,
    /// From which share of the likeliest words one is taken, 0 to 1.
    pub top_p: Option<f64>,
    /// The most tokens of the answer, under the older name: some backends know only this one.
    pub max_tokens: Option<u64>,
    /// The most tokens of the answer, those of thinking included, under the newer name.
    pub max_completion_tokens: Option<u64>,
    /// Texts at which the answer ends.
    pub stop: Vec<String>,
    /// The form of the answer, an object with a `type`, passed on as it is.
    pub response_format: Option<Value>,
    /// The same seed asks for the same answer.
    pub seed: Option<i64>,
    /// How much the model is to think, in the backend's own words.
    pub reasoning_effort: Option<String>,
}
