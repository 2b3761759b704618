//! The signs of life: ticks, who is there, how the gateway is.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use callboard_actors::core::{ActorId, ActorKind, ActorSpec, Behaviour, ControlError, Place, Scope};
use callboard_actors::message::{EventBody, EventName};
use serde_json::json;

use super::Control;

/// How often clients hear a tick: `policy.tickIntervalMs`.
pub(super) const TICK_EVERY: Duration = Duration::from_secs(30);

/// How often clients hear who is there and how the gateway is, whether or not something changed.
const PICTURES_EVERY: Duration = Duration::from_secs(60);

/// How long clients that hear of a change hear of no other: a thousand that come at once are one change.
const PRESENCE_REST: Duration = Duration::from_millis(200);

/// The same for health, which costs more to look at.
const HEALTH_REST: Duration = Duration::from_secs(1);

/// How long a picture may take to make.
const PICTURE_WAIT: Duration = Duration::from_secs(20);

/// The actor that beats; supervised, so that a bug in a picture does not silence the ticks.
pub struct PulseActor {
    control: Arc<Control>,
    presence: Rest,
    health: Rest,
}

/// Whether a picture was shown just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// It was: the next one waits.
    Resting,
    /// It was not.
    Over,
}

impl PulseActor {
    /// Starts the actor; its id is `pulse`.
    ///
    /// # Errors
    /// It is there already, or the threads have ended.
    pub fn start(control: &Arc<Control>) -> Result<(), ControlError> {
        let lent = Arc::clone(control);
        let build = move || Ok(Self { control: Arc::clone(&lent), presence: Rest::Over, health: Rest::Over });
        let spec = ActorSpec::new(ActorId::new("pulse"), ActorKind::Pulse, build).place(Place::Routing);
        let actor = control.supervisor.start(spec)?;
        control.due.told_by(actor.bell());
        Ok(())
    }

    fn tick(&mut self, scope: &mut Scope<'_, Self>) {
        let told = json!({ "ts": scope.clock().now_ms() });
        self.control.switchboard.publish(EventBody::new(EventName::Tick, &told).droppable());
        scope.after(TICK_EVERY, Self::tick);
    }

    fn pictures(&mut self, scope: &mut Scope<'_, Self>) {
        self.control.presence_changed();
        self.control.health_changed();
        scope.after(PICTURES_EVERY, Self::pictures);
    }

    /// Shows the pictures that are due and not resting.
    fn show(&mut self, scope: &mut Scope<'_, Self>) {
        let due = &self.control.due;
        if self.presence == Rest::Over && due.presence.swap(false, Ordering::AcqRel) {
            self.control.tell_presence();
            self.presence = Rest::Resting;
            scope.after(PRESENCE_REST, |pulse, scope| {
                pulse.presence = Rest::Over;
                pulse.show(scope);
            });
        }
        if self.health == Rest::Over && self.control.due.health.swap(false, Ordering::AcqRel) {
            self.health = Rest::Resting;
            let control = Arc::clone(&self.control);
            scope.run(PICTURE_WAIT, async move { control.tell_health().await }, |_, _, scope| {
                scope.after(HEALTH_REST, |pulse, scope| {
                    pulse.health = Rest::Over;
                    pulse.show(scope);
                });
            });
        }
    }
}

impl Behaviour for PulseActor {
    type Message = ();

    fn started(&mut self, scope: &mut Scope<'_, Self>) {
        scope.after(TICK_EVERY, Self::tick);
        scope.after(PICTURES_EVERY, Self::pictures);
        self.show(scope);
    }

    fn receive(&mut self, (): (), _scope: &mut Scope<'_, Self>) {}

    fn woken(&mut self, scope: &mut Scope<'_, Self>) {
        self.show(scope);
    }
}
