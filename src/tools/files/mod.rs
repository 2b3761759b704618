//! `read`, `write`, `edit`, `ls`: the files of the agent's workspace, and of nothing beside it.

mod edit;
mod ls;
mod read;
mod write;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use callboard_actors::agent::{Tool, ToolContext, ToolFault};
use callboard_actors::core::Live;
use callboard_actors::message::Code;
use serde_json::{Value, json};

use crate::workspace::{Folder, FolderError, Place, Workspaces};

/// How many bytes a path may have.
const PATH_BYTES_MAX: u64 = 4_096;
/// How many bytes a text that is written may have.
const TEXT_BYTES_MAX: u64 = 1 << 20;

/// Returns the tools for files.
pub(super) fn tools(workspaces: &Live<Workspaces>) -> Vec<Arc<dyn Tool>> {
    let files = Files { workspaces: workspaces.clone(), writing: Arc::default() };
    vec![
        Arc::new(read::Read(files.clone())),
        Arc::new(write::Write(files.clone())),
        Arc::new(edit::Edit(files.clone())),
        Arc::new(ls::Ls(files)),
    ]
}

/// What these tools share.
#[derive(Clone)]
struct Files {
    workspaces: Live<Workspaces>,
    /// One change at a time, so that of two edits of a file neither is lost.
    writing: Arc<Mutex<()>>,
}

impl Files {
    /// Changes something in the caller's workspace, which is made where it is not there. A call that is given up meanwhile is done
    /// all the same.
    async fn change<T: Send + 'static>(
        &self,
        context: &ToolContext,
        path: &str,
        change: impl FnOnce(&Folder, &Place) -> Result<T, ToolFault> + Send + 'static,
    ) -> Result<T, ToolFault> {
        let root = self.workspaces.get().of(&context.agent).to_path_buf();
        let writing = Arc::clone(&self.writing);
        let alone = move |folder: &Folder, place: &Place| {
            let _alone = writing.lock().unwrap_or_else(PoisonError::into_inner);
            change(folder, place)
        };
        Self::work_in(root, path, alone).await
    }

    /// Looks at something there, or in the folder of skills for all agents: turns are told of the files in it.
    async fn look<T: Send + 'static>(
        &self,
        context: &ToolContext,
        path: &str,
        work: impl FnOnce(&Folder, &Place) -> Result<T, ToolFault> + Send + 'static,
    ) -> Result<T, ToolFault> {
        let workspaces = self.workspaces.get();
        let is_skill =
            !workspaces.managed_skills.as_os_str().is_empty() && Path::new(path).starts_with(&workspaces.managed_skills);
        let root = if is_skill { &workspaces.managed_skills } else { workspaces.of(&context.agent) };
        Self::work_in(root.to_path_buf(), path, work).await
    }

    /// Works on a thread that may block.
    async fn work_in<T: Send + 'static>(
        root: PathBuf,
        path: &str,
        work: impl FnOnce(&Folder, &Place) -> Result<T, ToolFault> + Send + 'static,
    ) -> Result<T, ToolFault> {
        let path = path.to_owned();
        let done = tokio::task::spawn_blocking(move || {
            let place = Place::read(&path, &root).map_err(fault)?;
            work(&Folder::open_or_make(&root).map_err(fault)?, &place)
        });
        done.await.unwrap_or_else(|_| Err(ToolFault::failed(Code::Internal, "work on the file broke off: the log says why")))
    }
}

pub(super) fn fault(error: FolderError) -> ToolFault {
    let code = match error {
        FolderError::Outside { .. } => Code::Forbidden,
        FolderError::Missing { .. } => Code::NotFound,
        FolderError::Kind { .. } => Code::InvalidRequest,
        FolderError::Large { .. } => Code::TooLarge,
        FolderError::Io { .. } => Code::Conflict,
    };
    ToolFault::failed(code, error.to_string())
}

/// Returns the schema of a path.
fn path_schema(description: &str) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": PATH_BYTES_MAX, "description": description })
}
