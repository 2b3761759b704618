//! Rooms of the settings that the server does not list, looked up before they are subscribed to.

use std::time::Duration;

use super::api::ApiError;
use super::room::RoomInfo;
use crate::core::Clock;

/// How long they may be looked up, before the others go by their ids alone: the server allows ten such calls a minute, and the
/// subscriptions of all rooms wait for them.
const LOOK_UP_MAX: Duration = Duration::from_secs(30);

/// Looks rooms up, one after the other; returns those that are there, or may be. One that cannot be looked up for now is listened to all
/// the same: it is known by its id.
pub(super) async fn look_up<'a, F>(
    ids: impl Iterator<Item = &'a str>,
    clock: &Clock,
    look: impl Fn(&'a str) -> F,
) -> Vec<RoomInfo>
where
    F: Future<Output = Result<RoomInfo, ApiError>>,
{
    let until = clock.elapsed().saturating_add(LOOK_UP_MAX);
    let mut rooms = Vec::new();
    for id in ids {
        let left = until.saturating_sub(clock.elapsed());
        let looked = if left.is_zero() { None } else { clock.within(left, look(id)).await };
        let why = match looked {
            Some(Ok(info)) => {
                rooms.push(info);
                continue;
            }
            Some(Err(error)) if !error.passes() => {
                tracing::warn!(event = "rocketchat.room", room = %id, "a room of the settings is not there: {error}");
                continue;
            }
            Some(Err(error)) => error.to_string(),
            None => "the server allows no more calls for now".to_owned(),
        };
        tracing::warn!(event = "rocketchat.room", room = %id, "a room of the settings is known by its id alone: {why}");
        rooms.push(RoomInfo::unknown(id));
    }
    rooms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::rocketchat::rest::RestError;
    use crate::channel::rocketchat::room::RoomKind;

    fn refused(status: u16) -> ApiError {
        RestError::Refused { status, kind: "error-room-not-found".into(), text: String::new() }.into()
    }

    /// The server's limit on the call: the account that names more rooms than it allows never came up.
    #[tokio::test]
    async fn more_rooms_than_the_server_lets_look_up_are_known_by_their_ids() {
        let clock = Clock::manual(0);
        let ids = ["a", "gone", "busy", "slow", "late"];
        let look = |id: &'static str| {
            let clock = clock.clone();
            async move {
                match id {
                    "gone" => return Err(refused(400)),
                    "busy" => return Err(refused(502)),
                    "slow" | "late" => clock.sleep(Duration::from_secs(60)).await,
                    _ => {}
                }
                Ok(RoomInfo { kind: RoomKind::Private, ..RoomInfo::unknown(id) })
            }
        };
        let turn = async {
            while clock.waiters() < 2 {
                tokio::task::yield_now().await;
            }
            clock.advance(LOOK_UP_MAX);
        };
        let (rooms, ()) = tokio::join!(look_up(ids.into_iter(), &clock, look), turn);
        let rooms: Vec<_> = rooms.iter().map(|room| (room.id.as_str(), room.kind)).collect();
        let unknown = RoomKind::Channel;
        assert_eq!(rooms, [("a", RoomKind::Private), ("busy", unknown), ("slow", unknown), ("late", unknown)]);
        assert_eq!(clock.elapsed(), LOOK_UP_MAX);
    }
}
