//! A gateway's edge on a free port, with doubles behind it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use callboard_actors::agent::{ToolPolicy, Toolbox};
use callboard_actors::core::{ActorId, ActorKind, ActorSpec, Behaviour, Clock, Live, Scope, State, Supervision, Supervisor};
use callboard_actors::message::{Counters, Delta, Runs, TurnEnd, Usage};
use callboard_actors::ports::NoMediaRoom;
use callboard_actors::ports::memory::MemoryStore;
use callboard_actors::registry::RouteSettings;
use tokio::sync::mpsc;

use super::client::TOKEN;
use super::doubles::{FakeChannels, FakeSockets, FakeStore, FakeSwitchboard};
use crate::access::{AccessSettings, Auth, Porter};
use crate::http::{Gateway, HttpSettings, Parts, Phase, Readiness, serve};
use crate::media::{MediaHouse, MediaParts, MediaSettings};
use crate::outgoing::Outgoing;
use crate::providers::ProviderStanding;
use crate::public_web::Network;
use crate::tools::{Reach, ToolParts, tools};
use crate::workspace::Workspaces;

/// An actor that does nothing.
struct Idle;

impl Behaviour for Idle {
    type Message = ();

    fn receive(&mut self, (): (), _: &mut Scope<'_, Self>) {}
}

/// Settings that a test turns.
pub(super) struct Dial<T>(Arc<Mutex<Arc<T>>>);

impl<T: Clone + Send + Sync + 'static> Dial<T> {
    fn new(settings: T) -> Self {
        Self(Arc::new(Mutex::new(Arc::new(settings))))
    }

    fn live(&self) -> Live<T> {
        let settings = Arc::clone(&self.0);
        Live::new(move || Arc::clone(&settings.lock().unwrap()))
    }

    pub(super) fn turn(&self, change: impl FnOnce(&mut T)) {
        let mut settings = self.0.lock().unwrap();
        let mut new = T::clone(&settings);
        change(&mut new);
        *settings = Arc::new(new);
    }
}

pub(super) struct Rig {
    pub(super) at: SocketAddr,
    pub(super) clock: Clock,
    pub(super) store: Arc<FakeStore>,
    pub(super) switchboard: Arc<FakeSwitchboard>,
    pub(super) channels: Arc<FakeChannels>,
    pub(super) readiness: Arc<Readiness>,
    pub(super) settings: Dial<HttpSettings>,
    pub(super) access: Dial<AccessSettings>,
    pub(super) policy: Dial<ToolPolicy>,
    pub(super) standing: Dial<Vec<ProviderStanding>>,
    pub(super) sockets: Arc<FakeSockets>,
    pub(super) supervisor: Supervisor,
    pub(super) gateway: Arc<Gateway>,
    pub(super) gone: mpsc::UnboundedReceiver<()>,
    pub(super) media: MediaHouse,
    _folder: tempfile::TempDir,
    server: actix_web::dev::ServerHandle,
}

/// A media room whose network knows names below `public.test`, which are this machine, and a private address for every other.
fn room(folder: &tempfile::TempDir, clock: &Clock) -> MediaHouse {
    let lookup = |name: String| -> futures_util::future::BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        let is_public = name == "public.test" || name.ends_with(".public.test");
        let address = if is_public { Ipv4Addr::LOCALHOST } else { Ipv4Addr::new(10, 0, 0, 1) };
        Box::pin(async move { Ok(vec![address.into()]) })
    };
    let network = Network { lookup: Arc::new(lookup), public: |address| address == IpAddr::from(Ipv4Addr::LOCALHOST) };
    let parts = MediaParts {
        state_dir: folder.path().join("state"),
        store: MemoryStore::new(clock),
        workspaces: Live::fixed(Workspaces { common: folder.path().join("workspace"), ..Workspaces::default() }),
        settings: Live::fixed(MediaSettings::default()),
        clock: clock.clone(),
    };
    MediaHouse::on(network, parts)
}

impl Rig {
    pub(super) async fn new() -> Self {
        Self::with(Clock::system(), |_| {}).await
    }

    pub(super) async fn with(clock: Clock, change: impl FnOnce(&mut AccessSettings)) -> Self {
        let supervisor = Supervisor::new(Supervision::default(), clock.clone());
        let (store, channels, readiness) =
            (Arc::<FakeStore>::default(), Arc::<FakeChannels>::default(), Arc::<Readiness>::default());
        readiness.set(Phase::Ready);
        let (gone, gone_heard) = mpsc::unbounded_channel();
        let play = Mutex::new(Box::new(|ask: &_| Ok(echo(ask))) as super::doubles::Play);
        let switchboard =
            Arc::new(FakeSwitchboard { play, asked: Mutex::default(), woken: Mutex::default(), runs: Runs::default(), gone });
        let mut access = AccessSettings { auth: Auth::Token(TOKEN.into()), ..AccessSettings::default() };
        change(&mut access);
        let (settings, access) = (Dial::new(HttpSettings::default()), Dial::new(access));
        let outgoing = Outgoing {
            store: store.clone(),
            switchboard: switchboard.clone(),
            channels: channels.clone(),
            clock: clock.clone(),
        };
        let standing = Dial::new(Vec::new());
        let policy = Dial::new(ToolPolicy::default());
        let tools = tools(&ToolParts {
            outgoing,
            routes: Live::fixed(RouteSettings::default()),
            reach: Live::fixed(Reach::default()),
            workspaces: Live::fixed(Workspaces::default()),
            media: Arc::new(NoMediaRoom),
        });
        let tools = Toolbox::new(tools, policy.live(), clock.clone()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let media = room(&folder, &clock);
        let porter = Porter::new(access.live(), &clock);
        let sockets = Arc::<FakeSockets>::default();
        let gateway = Gateway::new(Parts {
            supervisor: supervisor.clone(),
            store: store.clone(),
            switchboard: switchboard.clone(),
            settings: settings.live(),
            channels: channels.clone(),
            readiness: readiness.clone(),
            counters: Arc::<Counters>::default(),
            gate: callboard_actors::session::TurnGate::default(),
            media: Arc::new(media.clone()),
            tools: Arc::new(tools),
            mcp: Arc::default(),
            standing: standing.live(),
            porter,
            upgrades: Some(sockets.clone()),
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let at = listener.local_addr().unwrap();
        let server = serve(listener, gateway.clone(), 1).unwrap();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self {
            at,
            clock,
            store,
            switchboard,
            channels,
            readiness,
            settings,
            access,
            policy,
            standing,
            sockets,
            supervisor,
            gateway,
            gone: gone_heard,
            media,
            _folder: folder,
            server: handle,
        }
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut HttpSettings)) {
        self.settings.turn(change);
    }

    /// Starts an actor that does nothing and waits until it does so.
    pub(super) async fn actor(&self, id: &'static str, kind: ActorKind) {
        self.supervisor.start(ActorSpec::new(ActorId::new(id), kind, || Ok(Idle))).unwrap();
        self.supervisor.start_again(&ActorId::new(id), std::time::Duration::from_secs(5)).await.unwrap();
        assert_eq!(self.supervisor.report(&ActorId::new(id)).unwrap().state, State::Running);
    }

    pub(super) fn play(&self, play: impl Fn(&callboard_actors::message::Ask) -> Vec<Delta> + Send + Sync + 'static) {
        *self.switchboard.play.lock().unwrap() = Box::new(move |ask| Ok(play(ask)));
    }

    pub(super) async fn stop(self) {
        self.server.stop(false).await;
        self.supervisor.shut_down();
    }
}

pub(super) fn end() -> Delta {
    Delta::End(TurnEnd { finish_reason: "stop".into(), calls: Vec::new(), usage: Usage::tokens(3, 2) })
}

pub(super) fn echo(ask: &callboard_actors::message::Ask) -> Vec<Delta> {
    let words = ask.text.split_inclusive(' ').map(|word| Delta::Text { text: word.to_owned() });
    words.chain([end()]).collect()
}
