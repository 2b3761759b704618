//! Users and the tokens that they log in with.

use serde_json::{Value, json};

use super::super::ejson::{date, digest, new_id, new_token};
use super::{Out, World};

/// A user.
#[derive(Clone, Debug)]
pub struct User {
    /// The `_id`.
    pub id: String,
    /// The name after the `@`.
    pub username: String,
    /// The name that is shown.
    pub name: String,
    /// The password.
    pub password: String,
    /// What it has besides a password.
    pub second_factor: SecondFactor,
}

/// What a user has besides a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecondFactor {
    /// Nothing.
    Off,
    /// A code, asked for at each login with a password.
    Totp(String),
}

/// Which tokens something is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tokens {
    /// Those that a login gave.
    Logins,
    /// Those and the personal access tokens.
    All,
}

/// A token.
#[derive(Clone, Debug)]
pub struct Token {
    /// Itself.
    pub token: String,
    /// Whose it is.
    pub uid: String,
    /// When it ends, ms since 1970; a personal access token does not.
    pub expires_ms: Option<i64>,
}

/// Why a login is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginRefused {
    /// Nobody has that name.
    NobodyThere,
    /// The password is another.
    WrongPassword,
    /// A code is asked for.
    SecondFactor,
    /// The token is not known or has ended.
    LoggedOut,
}

impl User {
    /// Returns who wrote a message.
    pub fn author(&self) -> Value {
        json!({ "_id": self.id, "username": self.username, "name": self.name })
    }

    /// Returns what `me` and a login show.
    pub fn profile(&self) -> Value {
        json!({
            "_id": self.id, "username": self.username, "name": self.name, "type": "user", "status": "online", "active": true,
            "roles": ["user", "bot"], "emails": [{ "address": format!("{}@example.org", self.username), "verified": true }],
            "settings": { "preferences": {} }, "statusConnection": "online", "utcOffset": 0
        })
    }
}

impl World {
    /// Makes a user with a password; its `_id`.
    pub fn add_user(&mut self, username: &str, name: &str, password: &str) -> String {
        let (id, password) = (new_id(), password.to_owned());
        let (username, name) = (username.to_owned(), name.to_owned());
        self.users.push(User { id: id.clone(), username, name, password, second_factor: SecondFactor::Off });
        id
    }

    /// Returns a user by its `_id`.
    pub fn user(&self, uid: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == uid)
    }

    /// Returns a user by its `_id`, to be changed.
    pub fn user_mut(&mut self, uid: &str) -> &mut User {
        self.users.iter_mut().find(|user| user.id == uid).expect("a user of this server")
    }

    /// Returns a user by the name after the `@` or the address.
    pub fn user_named(&self, name: &str) -> Option<&User> {
        let name = name.strip_suffix("@example.org").unwrap_or(name);
        self.users.iter().find(|user| user.username == name)
    }

    /// Makes a personal access token.
    pub fn add_access_token(&mut self, uid: &str) -> String {
        let token = new_token();
        self.tokens.push(Token { token: token.clone(), uid: uid.to_owned(), expires_ms: None });
        token
    }

    /// Logs somebody in by name and password, plain or as its digest; the token.
    pub fn log_in(&mut self, name: &str, password: &Value, code: Option<&str>) -> Result<Token, LoginRefused> {
        let user = self.user_named(name).ok_or(LoginRefused::NobodyThere)?;
        let right = match password.as_str() {
            Some(plain) => plain == user.password,
            None => password["algorithm"] == "sha-256" && password["digest"] == digest(&user.password),
        };
        if !right {
            return Err(LoginRefused::WrongPassword);
        }
        if let SecondFactor::Totp(wanted) = &user.second_factor
            && code != Some(wanted)
        {
            return Err(LoginRefused::SecondFactor);
        }
        let token = Token { token: new_token(), uid: user.id.clone(), expires_ms: Some(self.now_ms() + self.login_ms) };
        self.tokens.push(token.clone());
        self.record.logins += 1;
        Ok(token)
    }

    /// Logs somebody in by a token that is there.
    pub fn resume(&mut self, token: &str) -> Result<Token, LoginRefused> {
        let token = self.token(token).cloned().ok_or(LoginRefused::LoggedOut)?;
        self.record.logins += 1;
        Ok(token)
    }

    /// Returns a token that holds now.
    pub fn token(&self, token: &str) -> Option<&Token> {
        let now = self.now_ms();
        self.tokens.iter().find(|known| known.token == token).filter(|known| known.expires_ms.is_none_or(|ms| now < ms))
    }

    /// Ends tokens of a user as the server does it: they are not known any more, and sockets that came with them are closed.
    pub fn end_tokens(&mut self, uid: &str, which: Tokens) {
        let ends = |token: &Token| token.uid == uid && (which == Tokens::All || token.expires_ms.is_some());
        let ended: Vec<_> = self.tokens.extract_if(.., |token| ends(token)).map(|token| token.token).collect();
        self.sockets.tell_those_with(&ended, &Out::Close);
    }

    /// Ends one token, as a logout does.
    pub fn end_token(&mut self, token: &str) {
        self.tokens.retain(|known| known.token != token);
        self.sockets.tell_those_with(&[token.to_owned()], &Out::Close);
    }

    /// Returns when a token ends as a login's answer shows it.
    pub fn end_shown(token: &Token) -> Value {
        token.expires_ms.map_or(Value::Null, date)
    }
}
