//! From the configuration's terms for LLM backends to the providers that are built.

use crate::config::slices::{ModelsConfig, ProviderConfig, ProviderKind};
use crate::providers::{OpenAiSettings, ProviderSettings, TimeLimits};

/// Returns the settings of every configured provider.
pub(super) fn settings(models: &ModelsConfig) -> Vec<ProviderSettings> {
    models.providers.iter().map(provider).collect()
}

fn provider(config: &ProviderConfig) -> ProviderSettings {
    let id = config.name.clone();
    match &config.kind {
        ProviderKind::Echo => ProviderSettings::Echo { id },
        ProviderKind::Script { file, script } => {
            ProviderSettings::Script { id, path: file.display().to_string(), contents: script.clone() }
        }
        ProviderKind::OpenaiCompletions { base_url, api_key } => ProviderSettings::OpenAi(OpenAiSettings {
            id,
            base_url: base_url.to_string(),
            api_key: api_key.clone(),
            models: config.models.clone(),
            limits: TimeLimits {
                connect: config.connect,
                first_token: config.first_token,
                between_tokens: config.between_tokens,
            },
        }),
    }
}
