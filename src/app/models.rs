//! From the configuration's terms for LLM backends to the providers that are built.

use crate::config::model;
use crate::config::slices::{AgentSettings, KeyWay, ModelsConfig, ProviderConfig, ProviderKey, ProviderKind, RemoteStyle};
use crate::providers::{
    Ability, AboutModel, Choice, Choices, Credential, Header, Price, ProviderSettings, RemoteSettings, Style, TimeLimits,
};

/// Returns the settings of every configured provider.
pub(super) fn settings(models: &ModelsConfig) -> Vec<ProviderSettings> {
    models.providers.iter().map(provider).collect()
}

/// Returns which models answer for whom; `primary` is the default one.
pub(super) fn choices(models: &ModelsConfig, primary: Option<&str>, agents: &[AgentSettings]) -> Choices {
    let default = Choice { primary: primary.map(str::to_owned), fallbacks: models.fallbacks.clone() };
    let of = |agent: &AgentSettings| Choice { primary: agent.model.clone(), fallbacks: agent.fallbacks.clone() };
    let own = agents.iter().map(|agent| (agent.id.clone(), of(agent)));
    let own = own.filter(|(_, choice)| choice.primary.is_some() || !choice.fallbacks.is_empty());
    Choices { agents: own.collect(), default }
}

fn provider(config: &ProviderConfig) -> ProviderSettings {
    let id = config.name.clone();
    match &config.kind {
        ProviderKind::Echo => ProviderSettings::Echo { id },
        ProviderKind::Script { file, script } => {
            ProviderSettings::Script { id, path: file.display().to_string(), contents: script.clone() }
        }
        ProviderKind::Remote { style, base_url, keys, headers } => ProviderSettings::Remote(RemoteSettings {
            id,
            style: match style {
                RemoteStyle::OpenaiCompletions => Style::Completions,
                RemoteStyle::OpenaiResponses => Style::Responses,
                RemoteStyle::AnthropicMessages => Style::Messages,
            },
            base_url: base_url.to_string(),
            keys: keys.iter().map(credential).collect(),
            headers: headers.clone(),
            models: config.models.iter().map(about).collect(),
            limits: TimeLimits {
                connect: config.connect,
                first_token: config.first_token,
                between_tokens: config.between_tokens,
            },
        }),
    }
}

fn credential(key: &ProviderKey) -> Credential {
    let header = match key.way {
        KeyWay::Own => Header::Own,
        KeyWay::Bearer => Header::Bearer,
    };
    Credential { name: key.name.clone(), secret: key.secret.clone(), header }
}

fn about(model: &model::AboutModel) -> AboutModel {
    let images = model.input.as_ref().is_none_or(|input| input.contains(&model::ModelInput::Image));
    AboutModel {
        id: model.id.clone(),
        images: if images { Ability::Can } else { Ability::Cannot },
        thinking: if model.reasoning == Some(false) { Ability::Cannot } else { Ability::Can },
        context_tokens: model.context_window,
        output_tokens_max: model.max_tokens,
        price: model.cost.map(price).unwrap_or_default(),
    }
}

fn price(cost: model::ModelCost) -> Price {
    Price {
        input_picos: picos(cost.input),
        output_picos: picos(cost.output),
        cache_read_picos: picos(cost.cache_read),
        cache_write_picos: picos(cost.cache_write),
    }
}

/// Returns what one token costs, in trillionths, when a million of them cost so much. By way of text, which rounds and never wraps.
fn picos(per_million: f64) -> u64 {
    format!("{:.0}", per_million * 1_000_000.0).parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_for_a_million_tokens_is_one_for_each() {
        let cases = [(0.0, 0), (3.0, 3_000_000), (0.0375, 37_500), (-1.0, 0), (f64::NAN, 0), (1_000_000.0, 1_000_000_000_000)];
        for (per_million, expected) in cases {
            assert_eq!(picos(per_million), expected, "{per_million}");
        }
    }
}
