//! A server's tool as a tool of ours. All that it says of itself is a stranger's word: it is bounded, and never an instruction to us.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all, ready};
use futures_util::stream::{StreamExt as _, once};
use serde_json::{Map, Value, json};

use super::desk::McpDesk;
use super::settings::McpSettings;
use crate::agent::{MCP_JOINT, TOOL_CALL_TIME_MAX, Tool, ToolArgs, ToolContext, ToolFault, ToolOutput};
use crate::core::Clock;
use crate::message::{Code, Media, SessionKey};
use crate::ports::{Claim, McpAnswer, McpFault, McpToolSpec, McpVerdict, MediaRoom};

/// How many tools of a server are lent; further ones are left out.
pub const TOOLS_MAX: usize = 128;
/// How large the schema of a tool may be, bytes; a tool with a larger one is left out.
pub const SCHEMA_BYTES_MAX: usize = 32 * 1024;
/// How many parts a tool's schema may have where its references are followed.
const SCHEMA_PARTS_MAX: usize = 10_000;
/// How many characters of a description are kept.
pub const DESCRIPTION_CHARS_MAX: usize = 2_000;
/// The longest name of a tool that providers take.
const NAME_CHARS_MAX: usize = 64;
/// How long the files of an answer may take in all, into the media room and from there into the workspace.
const MEDIA_TIME_MAX: Duration = Duration::from_secs(30);
/// How long before a call's own end they have to be there, so that the answer's text is not lost with them.
const MEDIA_SPARE: Duration = Duration::from_secs(2);
/// How many characters of an update of a call are told.
const UPDATE_CHARS_MAX: usize = 2_000;

/// A tool that is lent.
pub(super) struct Lent {
    name: String,
    description: String,
    schema: Value,
    server: String,
    /// Its name there.
    theirs: String,
    time_max: Duration,
    desk: Arc<McpDesk>,
    media: Arc<dyn MediaRoom>,
    clock: Clock,
}

/// Returns the tools of a server that are lent, and what was left out with the reason.
pub(super) fn lent(
    settings: &McpSettings,
    specs: Vec<McpToolSpec>,
    desk: &Arc<McpDesk>,
    media: &Arc<dyn MediaRoom>,
    clock: &Clock,
) -> (Vec<Arc<dyn Tool>>, Vec<String>) {
    let (mut tools, mut left_out, mut names): (Vec<Arc<dyn Tool>>, _, _) = (Vec::new(), Vec::new(), BTreeSet::new());
    for spec in specs {
        if !settings.lends(&spec.name) {
            continue;
        }
        let shown: String = spec.name.chars().take(NAME_CHARS_MAX).flat_map(char::escape_debug).collect();
        let name = name_of(&settings.server.name, &spec.name);
        let why = if tools.len() >= TOOLS_MAX {
            Some("there are too many".to_owned())
        } else if name.chars().count() > NAME_CHARS_MAX || spec.name.is_empty() {
            Some(format!("its name has to have 1 to {NAME_CHARS_MAX} characters, the server's included"))
        } else if json_len(&spec.schema) > SCHEMA_BYTES_MAX {
            Some(format!("its schema has more than {SCHEMA_BYTES_MAX} bytes"))
        } else if expanded(&spec.schema) > SCHEMA_PARTS_MAX {
            Some(format!("its schema has more than {SCHEMA_PARTS_MAX} parts where its references are followed"))
        } else if !names.insert(name.to_lowercase()) {
            Some("another one has its name".to_owned())
        } else {
            None
        };
        match why {
            Some(why) => left_out.push(format!("{shown}: {why}")),
            None => tools.push(Arc::new(Lent {
                name,
                description: spec.description.chars().take(DESCRIPTION_CHARS_MAX).collect(),
                schema: Value::Object(spec.schema),
                server: settings.server.name.clone(),
                theirs: spec.name,
                time_max: settings.server.call_time_max,
                desk: Arc::clone(desk),
                media: Arc::clone(media),
                clock: clock.clone(),
            })),
        }
    }
    (tools, left_out)
}

/// Returns the name under which a tool is lent; marks that providers do not take become `_`.
fn name_of(server: &str, tool: &str) -> String {
    let plain = |mark: char| if mark.is_ascii_alphanumeric() || matches!(mark, '_' | '-') { mark } else { '_' };
    format!("{server}{MCP_JOINT}{}", tool.chars().map(plain).collect::<String>())
}

/// Returns how many parts a schema has where every reference is followed: whoever checks against it may have to look at all of them.
fn expanded(schema: &Map<String, Value>) -> usize {
    let root = Value::Object(schema.clone());
    parts_of(&root, &root, &mut BTreeMap::new())
}

fn parts_of(part: &Value, root: &Value, known: &mut BTreeMap<String, usize>) -> usize {
    match part {
        Value::Array(items) => items.iter().map(|item| parts_of(item, root, known)).fold(1, usize::saturating_add),
        Value::Object(fields) => {
            let own = fields.values().map(|field| parts_of(field, root, known)).fold(1, usize::saturating_add);
            let reference = ["$ref", "$dynamicRef"].iter().find_map(|name| fields.get(*name)?.as_str());
            reference.map_or(own, |reference| own.saturating_add(behind(reference, root, known)))
        }
        _ => 1,
    }
}

/// Returns how many parts stand behind a reference; one that leads back to itself, or nowhere in the schema, counts once.
fn behind(reference: &str, root: &Value, known: &mut BTreeMap<String, usize>) -> usize {
    if let Some(parts) = known.get(reference) {
        return *parts;
    }
    known.insert(reference.to_owned(), 1);
    let target = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
    let parts = target.map_or(1, |target| parts_of(target, root, known));
    known.insert(reference.to_owned(), parts);
    parts
}

fn json_len(schema: &Map<String, Value>) -> usize {
    serde_json::to_string(schema).map_or(usize::MAX, |text| text.len())
}

impl Tool for Lent {
    fn name(&self) -> &str {
        &self.name
    }

    fn description(&self) -> &str {
        &self.description
    }

    fn schema(&self) -> Value {
        self.schema.clone()
    }

    fn call(&self, context: ToolContext, args: ToolArgs) -> BoxFuture<'static, Result<ToolOutput, ToolFault>> {
        let link = match self.desk.link(&self.server) {
            Ok(link) => link,
            Err(error) => return ready(Err(fault(error))).boxed(),
        };
        let updates = context.updates;
        let progress = Arc::new(move |text: String| updates.tell(|| text.chars().take(UPDATE_CHARS_MAX).collect()));
        // The link is held until the call is over, whatever becomes of its server's actor meanwhile.
        let call = link.call(&self.theirs, args, progress);
        let (clock, time_max, server) = (self.clock.clone(), self.time_max, self.server.clone());
        let (room, session) = (Arc::clone(&self.media), context.session);
        let over = clock.elapsed() + TOOL_CALL_TIME_MAX.saturating_sub(MEDIA_SPARE);
        async move {
            let answer = clock.within(time_max, call).await.ok_or_else(|| {
                let text = format!("the MCP server `{server}` had not answered after {} ms", time_max.as_millis());
                ToolFault::failed(Code::Timeout, text)
            })?;
            drop(link);
            let answer = answer.map_err(fault)?;
            let McpAnswer { text, details, media, verdict } = answer;
            let until = over.min(clock.elapsed() + MEDIA_TIME_MAX);
            let shown = laid(&room, &session, media, &clock, until).await;
            // In front: of a long text the end is cut off.
            let lines = shown.iter().enumerate().map(|(place, media)| format!("file {}: {}\n", place + 1, media.line()));
            let text: String = lines.chain([text]).collect();
            match verdict {
                McpVerdict::Done => {
                    let pictures = shown.into_iter().filter(is_picture).collect();
                    Ok(ToolOutput { pictures, ..ToolOutput::new(text, json!({ "server": server, "result": details })) })
                }
                McpVerdict::Failed => Err(ToolFault::failed(Code::Refused, text)),
            }
        }
        .boxed()
    }
}

/// Lays what came with an answer into the workspace, all of it at once; returns it in the order in which the answer's
/// text counts it. What cannot be had in time never takes the answer's text with it.
pub(super) async fn laid(
    room: &Arc<dyn MediaRoom>,
    session: &SessionKey,
    media: Vec<Media>,
    clock: &Clock,
    until: Duration,
) -> Vec<Media> {
    let left = || until.saturating_sub(clock.elapsed());
    // The rest is for laying out what is there: one file that does not come takes no other with it.
    let taking = left() * 2 / 3;
    let taken = join_all(media.into_iter().map(async |media| {
        let Some(data) = media.data.clone() else { return media };
        let put = room.put(Claim::of(&media, room.bounds().file_bytes_max), once(ready(Ok(data))).boxed());
        match clock.within(taking, put).await {
            Some(Ok(kept)) => kept,
            Some(Err(fault)) => named(media).missing(format!("it could not be taken: {fault}")),
            None => named(media).missing("it could not be taken in time"),
        }
    }))
    .await;
    let late = || taken.iter().cloned().map(not_laid).collect();
    clock.within(left(), room.show(session, taken.clone())).await.unwrap_or_else(late)
}

/// Returns whether the room has taken a picture in hand to be shown.
fn is_picture(media: &Media) -> bool {
    media.data.is_some() && media.mime.as_deref().is_some_and(|mime| mime.starts_with("image/"))
}

fn not_laid(media: Media) -> Media {
    if media.blob().is_some() { media.missing("it could not be laid in the workspace in time") } else { media }
}

/// Returns what is known of a file without its bytes.
fn named(media: Media) -> Media {
    Media { data: None, ..media }
}

fn fault(McpFault { code, reason }: McpFault) -> ToolFault {
    ToolFault::failed(code, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(schema: Value) -> usize {
        expanded(schema.as_object().unwrap())
    }

    #[test]
    fn references_are_counted_as_often_as_they_are_followed() {
        assert_eq!(parts(json!({ "type": "object" })), 2);
        let twice =
            json!({ "$defs": { "a": { "type": "string" } }, "anyOf": [{ "$ref": "#/$defs/a" }, { "$ref": "#/$defs/a" }] });
        let once = json!({ "$defs": { "a": { "type": "string" } }, "anyOf": [{ "$ref": "#/$defs/a" }] });
        assert!(parts(twice) > parts(once));
        assert!(parts(json!({ "$ref": "#" })) < 10, "one that leads back to itself ends");
    }

    /// Each level doubles what is behind it: little to send, and more than anybody can look at.
    #[test]
    fn a_schema_that_is_small_and_endless_has_too_many_parts() {
        let step = |number: usize| {
            let next = json!({ "allOf": [{ "$ref": format!("#/$defs/d{}", number + 1) }] });
            (format!("d{number}"), json!({ "anyOf": [next.clone(), next] }))
        };
        let mut steps: Map<String, Value> = (0..40).map(step).collect();
        steps.insert("d40".into(), json!({ "type": "string" }));
        let schema = json!({ "$defs": steps, "$ref": "#/$defs/d0" });
        assert!(json_len(schema.as_object().unwrap()) < SCHEMA_BYTES_MAX);
        assert!(parts(schema) > SCHEMA_PARTS_MAX);
    }
}
