//! `skills.status`: gateway-protocol §7.3.

use std::path::PathBuf;

use callboard_actors::client::{Refusal, Scope, WireError};
use callboard_actors::message::Code;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::workspace::skills::{self, Needs, Skill};
use crate::ws::table::{Cx, Method, SHORT, method};

pub(super) const METHODS: &[Method] = &[
    method!("skills.status", Scope::Read, SHORT, "Tells where skills are, which there are, and what they miss.", SkillsParams => Skills, status),
];

/// Whose skills.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct SkillsParams {
    /// The agent; the default one without.
    #[serde(default)]
    #[schemars(length(max = 128))]
    agent_id: Option<String>,
}

/// The skills.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Skills {
    /// The folder that the agent works in.
    workspace_dir: String,
    /// Where skills for all agents are.
    managed_skills_dir: String,
    /// The skills, in the order of their names.
    skills: Vec<Shown>,
}

/// One skill.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Shown {
    /// Its name.
    name: String,
    /// What it is for.
    description: String,
    /// Where it came from: `workspace` or `managed`.
    source: &'static str,
    /// Its file.
    file_path: String,
    /// Its folder.
    base_dir: String,
    /// The key of its settings.
    skill_key: String,
    /// Its sign.
    #[serde(skip_serializing_if = "Option::is_none")]
    emoji: Option<String>,
    /// Its page.
    #[serde(skip_serializing_if = "Option::is_none")]
    homepage: Option<String>,
    /// Whether it is told whatever it needs.
    always: bool,
    /// Whether it is switched off: never, there is no switch yet.
    disabled: bool,
    /// Whether a list keeps it out: never, there is none yet.
    blocked_by_allowlist: bool,
    /// Whether turns are told of it.
    eligible: bool,
    /// What it needs.
    requirements: Needs,
    /// What of that is not there.
    missing: Needs,
    /// Keys of the configuration that were looked at: none.
    config_checks: [(); 0],
    /// Ways to install what it needs: none are offered.
    install: [(); 0],
}

impl From<Skill> for Shown {
    fn from(skill: Skill) -> Self {
        let base_dir = skill.file.parent().map(PathBuf::from).unwrap_or_default();
        Self {
            skill_key: skill.name.clone(),
            source: skill.source.as_str(),
            file_path: skill.file.display().to_string(),
            base_dir: base_dir.display().to_string(),
            eligible: skill.eligible(),
            name: skill.name,
            description: skill.description,
            emoji: skill.emoji,
            homepage: skill.homepage,
            always: skill.always,
            disabled: false,
            blocked_by_allowlist: false,
            requirements: skill.needs,
            missing: skill.missing,
            config_checks: [],
            install: [],
        }
    }
}

async fn status(cx: Cx, SkillsParams { agent_id }: SkillsParams) -> Result<Skills, Refusal> {
    let routes = cx.control.routes.get();
    let agent = agent_id.map_or_else(|| routes.default_agent.clone(), |agent| agent.trim().to_lowercase());
    if !routes.agents.contains(&agent) {
        return Err(WireError::new(Code::NotFound, format!("no agent `{}` is configured", agent.escape_default())).into());
    }
    let (workspaces, surroundings) = (cx.control.workspaces.get(), cx.control.surroundings.clone());
    let (root, managed) = (workspaces.of(&agent).to_path_buf(), workspaces.managed_skills.clone());
    let (workspace_dir, managed_skills_dir) = (root.display().to_string(), managed.display().to_string());
    let read = tokio::task::spawn_blocking(move || skills::read(&root, &managed, &surroundings)).await;
    let read = read.map_err(|_| WireError::new(Code::Internal, "reading the skills broke off: the log says why"))?;
    Ok(Skills { workspace_dir, managed_skills_dir, skills: read.into_iter().map(Shown::from).collect() })
}
