//! What a turn's provider is told from the agent's workspace, read anew for every turn.

use callboard_actors::core::{Clock, Live};
use callboard_actors::message::SessionKey;
use callboard_actors::ports::Briefing;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::fmt::Write as _;
use std::time::Duration;

use super::documents::{self, DOCUMENTS, SUB_AGENT_DOCUMENTS};
use super::skills::{self, Skill, Surroundings};
use super::{Folder, Workspaces};

/// How long the folder may take; a turn goes on without what has not come by then.
const READ_TIME_MAX: Duration = Duration::from_secs(2);
/// How many characters are told of the list of skills; those that have no room are left out, and said so.
const SKILLS_CHARS_MAX: usize = 30_000;

/// Reads the documents and skills of the workspaces.
#[derive(Clone, Debug)]
pub struct WorkspaceBriefing {
    workspaces: Live<Workspaces>,
    surroundings: Surroundings,
    clock: Clock,
}

impl WorkspaceBriefing {
    /// Returns the briefing from these folders.
    #[must_use]
    pub const fn new(workspaces: Live<Workspaces>, surroundings: Surroundings, clock: Clock) -> Self {
        Self { workspaces, surroundings, clock }
    }
}

impl Briefing for WorkspaceBriefing {
    fn brief(&self, session: &SessionKey) -> BoxFuture<'static, Option<String>> {
        let (workspaces, surroundings, clock) = (self.workspaces.get(), self.surroundings.clone(), self.clock.clone());
        let session = session.clone();
        let read = tokio::task::spawn_blocking(move || text(&workspaces, &surroundings, &session));
        async move {
            let told = clock.within(READ_TIME_MAX, read).await;
            match told {
                Some(Ok(text)) => text,
                Some(Err(_)) | None => {
                    tracing::warn!(event = "workspace.not_read", "the turn goes on without its documents");
                    None
                }
            }
        }
        .boxed()
    }
}

/// Returns the documents in their order, then the skills; `None` where there is nothing to tell.
pub(super) fn text(workspaces: &Workspaces, surroundings: &Surroundings, session: &SessionKey) -> Option<String> {
    let root = workspaces.of(session.agent().unwrap_or_default());
    let names = if session.is_sub_agent() { SUB_AGENT_DOCUMENTS } else { DOCUMENTS };
    // A folder that is not there yet has nothing to tell, and is made by whoever writes first.
    let documents = Folder::open(root).map(|folder| documents::read(&folder, root, names)).unwrap_or_default();
    let skills = skills::read(root, &workspaces.managed_skills, surroundings);
    let mut told = String::new();
    // Writing to a string cannot fail.
    if !documents.is_empty() {
        let _ = write!(told, "# Workspace\n\nYour files are in {}. These are kept there for you:", root.display());
    }
    for document in documents {
        let _ = write!(told, "\n\n## {}\n\n{}", document.name, document.text);
    }
    let skills: Vec<_> = skills.iter().filter(|skill| skill.eligible()).collect();
    if !skills.is_empty() {
        if !told.is_empty() {
            told.push_str("\n\n");
        }
        list(&skills, &mut told);
    }
    (!told.is_empty()).then_some(told)
}

fn list(skills: &[&Skill], told: &mut String) {
    told.push_str("# Skills\n\nBefore a task that one of these is for, read its file with the tool `read` and follow it.");
    let begun = told.len();
    for (count, skill) in skills.iter().enumerate() {
        let line = format!("\n\n- {}: {}\n  {}", skill.name, skill.description, skill.file.display());
        if told.len().saturating_sub(begun).saturating_add(line.len()) > SKILLS_CHARS_MAX {
            let _ = write!(told, "\n\n[{} more]", skills.len().saturating_sub(count));
            return;
        }
        told.push_str(&line);
    }
}
