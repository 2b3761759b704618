//! The decision.

use std::sync::Arc;

use callboard_actors::client::devices::{
    DeviceBook, DeviceCard, DeviceError, Entry, Lacking, ShownToken, TokenForm, Visit, Welcome,
};
use callboard_actors::client::{self, Grant, Incoming, Pass, Role, Scope, Scopes};
use secrecy::ExposeSecret as _;

use super::admitted::{Admitted, IssuedAuth};
use super::connect::{Connect, Identity};
use super::credential::{self, Credential, Denial, Hint};
use super::identity::{self, Distance};
use super::protocol::Protocol;
use super::refusal::{Fault, Lack, Refusal};
use crate::access::{AccessSettings, Caller, Porter, Tailnet};

/// Somebody at the door, with the first thing that it says.
#[derive(Clone, Copy, Debug)]
pub struct Knock<'a> {
    /// The challenge that this connection was given.
    pub nonce: &'a str,
    /// The first frame.
    pub text: &'a str,
    /// Where it comes from.
    pub caller: &'a Caller,
}

/// Decides who is let in. One for all connections.
pub struct Handshake {
    porter: Arc<Porter>,
    devices: Arc<DeviceBook>,
}

/// A request as far as it is understood.
struct Request {
    connect: Connect,
    protocol: Protocol,
    role: Role,
}

/// Who is let in, and by what.
struct Entrant {
    grant: Grant,
    method: super::Method,
    pass: Option<Pass>,
    auth: Option<IssuedAuth>,
}

/// A device that has proved itself.
struct Proven<'a> {
    identity: &'a Identity,
    public_key: String,
}

impl Handshake {
    /// Returns the decision over the given devices.
    #[must_use]
    pub const fn new(porter: Arc<Porter>, devices: Arc<DeviceBook>) -> Self {
        Self { porter, devices }
    }

    /// Decides about one attempt. A client that is let in may have lost its device's token in the same moment: whoever keeps the
    /// connection asks [`DeviceBook::stands`] once it can be found and cut.
    ///
    /// # Errors
    /// It is not let in: what it is told, and how the connection ends.
    pub async fn admit(&self, knock: Knock<'_>) -> Result<Admitted, Refusal> {
        let client::Request { id, method, params } = match Incoming::parse(knock.text) {
            Incoming::Request(request) => request,
            Incoming::Invalid { .. } => return Err(self.refuse(knock, &Fault::NotARequest, None, None)),
            Incoming::NotJson => return Err(self.refuse(knock, &Fault::Unreadable, None, None)),
        };
        let refuse = |fault, protocol| self.refuse(knock, &fault, Some(&id), protocol);
        if method != "connect" {
            return Err(refuse(Fault::OtherMethod, None));
        }
        let connect = Connect::read(params.as_deref()).map_err(|fault| refuse(fault, None))?;
        let protocol = Protocol::common(connect.range).ok_or_else(|| refuse(Fault::Protocol(connect.range), None))?;
        let role = connect.role.as_deref().map_or(Ok(Role::Operator), str::parse);
        let role = role.map_err(|()| refuse(Fault::Role, Some(protocol)))?;
        let request = Request { connect, protocol, role };
        let Entrant { grant, method, pass, auth } =
            self.decide(&request, knock).await.map_err(|fault| self.refuse(knock, &fault, Some(&id), Some(protocol)))?;
        let Connect { client, caps, commands, permissions, path_env, .. } = request.connect;
        let protocol = protocol.number();
        Ok(Admitted { id, protocol, client, grant, method, pass, auth, caps, commands, permissions, path_env })
    }

    async fn decide(&self, request: &Request, knock: Knock<'_>) -> Result<Entrant, Fault> {
        if self.porter.listens(knock.caller).is_err() {
            return Err(Fault::Denied(Denial::Limited, Hint::to(&request.connect.client)));
        }
        let settings = self.porter.settings();
        let device = self.device(request, knock, &settings)?;
        let credential = self.credential(request, knock.caller, &settings, device.as_ref()).await?;
        let scopes = request.scopes(credential);
        let mut grant = Grant { role: request.role, scopes, device: None };
        let insecure_ui = credential::is_control_ui(&request.connect.client.id) && settings.allow_insecure_auth;
        let shared = matches!(credential, Credential::Shared(_));
        let auth = match &device {
            None => None,
            Some(device) => {
                // The setting that lets the control UI in without a device does not keep out one that has an unpaired one.
                let welcome = if shared && (knock.caller.is_local() || insecure_ui) { Welcome::Silent } else { Welcome::Asked };
                let auth = self.pair(request, knock.caller, device, (credential, scopes), welcome).await?;
                grant.device = Some(device.identity.id.clone());
                Some(auth)
            }
        };
        let pass = match credential {
            Credential::Shared(_) => Some(settings.shared_pass()),
            Credential::Tailnet => settings.tailnet_pass(),
            Credential::Device(..) => None,
        };
        Ok(Entrant { grant, method: credential.method(), pass, auth })
    }

    /// Looks at the device: its proof, or whether the client may do without one.
    fn device<'a>(
        &self,
        request: &'a Request,
        knock: Knock<'_>,
        settings: &AccessSettings,
    ) -> Result<Option<Proven<'a>>, Fault> {
        let connect = &request.connect;
        let control_ui = credential::is_control_ui(&connect.client.id);
        let device = connect.device.as_ref().filter(|_| !(control_ui && settings.disable_device_auth));
        let Some(identity) = device else {
            let insecure = settings.allow_insecure_auth || settings.disable_device_auth;
            if control_ui && !insecure {
                return Err(Fault::InsecureUi);
            }
            let stands = credential::stands_for_device(settings, connect);
            return if stands { Ok(None) } else { Err(Fault::NoDevice) };
        };
        let distance = if knock.caller.is_local() { Distance::Here } else { Distance::Afar };
        let now_ms = self.porter.clock().now_ms();
        let public_key = identity::prove(identity, connect, request.role.as_str(), knock.nonce, distance, now_ms);
        Ok(Some(Proven { identity, public_key: public_key.map_err(Fault::Device)? }))
    }

    async fn credential<'a>(
        &self,
        request: &'a Request,
        caller: &Caller,
        settings: &AccessSettings,
        device: Option<&Proven<'_>>,
    ) -> Result<Credential<'a>, Fault> {
        let connect = &request.connect;
        let denial = match credential::shared(settings, connect, caller) {
            Ok(method) => return Ok(Credential::Shared(method)),
            Err(Denial::Missing(_)) if connect.device_token.is_some() => Denial::DeviceToken,
            Err(denial) => denial,
        };
        if let Some(device) = device {
            for token in [&connect.device_token, &connect.token].into_iter().flatten() {
                let verified = self.devices.verify(&device.identity.id, request.role, token.expose_secret()).await;
                if let Some(scopes) = verified.map_err(fault)? {
                    return Ok(Credential::Device(scopes, token));
                }
            }
        }
        match (caller.tailnet(), device) {
            (Tailnet::User(_), Some(_)) => Ok(Credential::Tailnet),
            // Whose login it is says nothing of the program: without a device it is a page or anything else on their machine.
            _ => Err(Fault::Denied(denial, Hint::to(&connect.client))),
        }
    }

    async fn pair(
        &self,
        request: &Request,
        caller: &Caller,
        device: &Proven<'_>,
        (credential, scopes): (Credential<'_>, Scopes),
        welcome: Welcome,
    ) -> Result<IssuedAuth, Fault> {
        let client = &request.connect.client;
        let card = DeviceCard {
            device_id: device.identity.id.clone(),
            public_key: device.public_key.clone(),
            display_name: client.display_name.clone(),
            platform: Some(client.platform.clone()),
            client_id: Some(client.id.clone()),
            client_mode: Some(client.mode.clone()),
            remote_ip: caller.address().filter(|_| !caller.is_local()).map(|address| address.to_string()),
        };
        let form = if request.protocol.is_three() { TokenForm::Hex } else { TokenForm::Base64Url };
        let beside = request.connect.device_token.as_ref().or(request.connect.token.as_ref());
        let token = match credential {
            Credential::Device(_, token) => ShownToken::LetsIn(token),
            Credential::Shared(_) | Credential::Tailnet => beside.map_or(ShownToken::None, ShownToken::Beside),
        };
        let visit = Visit { card, role: request.role, scopes, welcome, token, form };
        let entry = self.devices.enter(visit).await.map_err(|error| match error {
            DeviceError::VoidToken => Fault::Denied(Denial::DeviceToken, Hint::to(client)),
            error => fault(error),
        });
        match entry? {
            Entry::Known(issued) => Ok(IssuedAuth {
                device_token: issued.token.expose_secret().to_owned(),
                role: request.role,
                scopes: issued.scopes,
                issued_at_ms: issued.issued_at_ms,
            }),
            Entry::Waits { request_id, lacking } => Err(Fault::Unpaired { request_id, lack: lack(lacking) }),
        }
    }

    fn refuse(&self, knock: Knock<'_>, fault: &Fault, id: Option<&str>, protocol: Option<Protocol>) -> Refusal {
        let address = knock.caller.address();
        if fault.is_guess() {
            // HTTP answers this address with 429 when it has guessed too often here.
            let _ = self.porter.failed(address);
        }
        let refusal = fault.refusal(id, protocol);
        if self.porter.explains(address) { refusal } else { refusal.mute() }
    }
}

impl Request {
    /// Returns the scopes that the connection is to have: those that it asks for. Without any, protocol 3 means the owner, and
    /// the later ones nobody in particular.
    fn scopes(&self, credential: Credential<'_>) -> Scopes {
        let admin = Scopes::from_iter([Scope::Admin]);
        let named = self.connect.scopes.as_deref().unwrap_or_default();
        match (self.role, self.protocol, credential) {
            (Role::Node, ..) => Scopes::NONE,
            (_, Protocol::Three, Credential::Device(own, _)) if named.is_empty() && own.lack(admin).is_some() => own,
            (_, Protocol::Three, _) if named.is_empty() => admin,
            _ => Scopes::named(named),
        }
    }
}

fn lack(lacking: Lacking) -> Lack {
    match lacking {
        Lacking::Pairing => Lack::Pairing,
        Lacking::Role => Lack::Role,
        Lacking::Scopes => Lack::Scopes,
    }
}

fn fault(error: DeviceError) -> Fault {
    match error {
        DeviceError::Store(error) => Fault::Store(error),
        error => Fault::Devices(error),
    }
}
