//! `callmux token`.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::args::{MadeArgs, TokenVerb, TokensArgs};
use super::file::{self as dropin, TokenFileError};
use crate::access::{TokenUse, token, token_uses};
use crate::base::{Count, Principal, Secret, dirs, file};
use crate::config::Location;
use crate::keys::units;
use crate::settings::Config;
use crate::settings::access::{AccessToken, TokenHash, moment};
use crate::terminal::style::Style;
use crate::terminal::{Exit, print};

/// What is read of stdin, in bytes: a token is 64 long.
const READ_MAX: u64 = 4096;

/// That of 9999-12-31, since 1970.
const LAST_SECOND: u64 = 253_402_300_799;

pub fn token(args: &TokensArgs) -> Exit {
    let Some(location) = Location::chosen(args.config.as_deref()) else {
        print::error("there is no home directory; name the config with --config");
        return Exit::Unavailable;
    };
    let desk = TokenDesk { location, json: args.json };
    let done = match &args.verb {
        TokenVerb::New { name, made } => desk.new_token(name, made),
        TokenVerb::List => desk.list(),
        TokenVerb::Rotate { name, grace, made } => desk.rotate(name, *grace, made),
        TokenVerb::Revoke { name } => desk.revoke(name),
        TokenVerb::Hash { file } => desk.hash(file.as_deref()),
    };
    done.unwrap_or_else(|exit| exit)
}

/// The config whose tokens it is about, and who reads what is said.
struct TokenDesk {
    location: Location,
    json: bool,
}

fn fail(exit: Exit, message: &str) -> Exit {
    print::error(message);
    exit
}

impl TokenDesk {
    fn config(&self) -> Result<Config, Exit> {
        self.location.read().config.map_err(|complaints| {
            for complaint in &complaints {
                print::note(&complaint.to_string());
            }
            fail(Exit::BadConfig, "the config is wrong; mend it first: `callmux config check`")
        })
    }

    fn known(&self, name: &str) -> Result<AccessToken, Exit> {
        let mut tokens = self.config()?.access.tokens;
        let unknown = || {
            let message = format!("there is no token `{name}`; `callmux token list` has all");
            fail(Exit::Failed, &message)
        };
        tokens.remove(name).ok_or_else(unknown)
    }

    fn new_token(&self, name: &str, made: &MadeArgs) -> Result<Exit, Exit> {
        if !AccessToken::is_name(name) {
            return Err(fail(Exit::Usage, AccessToken::NAMES));
        }
        if self.config()?.access.tokens.contains_key(name) {
            let message = format!(
                "there is a token `{name}` already; `callmux token rotate {name}` makes another"
            );
            return Err(fail(Exit::Failed, &message));
        }
        let secret = token::new();
        let hash = token::hash(secret.expose());
        let token = AccessToken { hash, expires: expiry(made)?, previous: None };
        self.put(name, &token, &secret, made.into.as_deref())
    }

    fn rotate(&self, name: &str, grace: Duration, made: &MadeArgs) -> Result<Exit, Exit> {
        let before = self.known(name)?;
        self.check_ours(name)?;
        let secret = token::new();
        let until = after(grace).ok_or_else(|| fail(Exit::Usage, "`--grace` has no end"))?;
        let token = AccessToken {
            hash: token::hash(secret.expose()),
            expires: expiry(made)?.or(before.expires),
            previous: Some((before.hash, until)),
        };
        let exit = self.put(name, &token, &secret, made.into.as_deref())?;
        if !self.json {
            print::note(&format!("the one before is taken until {}", moment(until)));
        }
        Ok(exit)
    }

    /// Writes the config's part, then tells the token.
    fn put(
        &self,
        name: &str,
        token: &AccessToken,
        secret: &Secret,
        into: Option<&Path>,
    ) -> Result<Exit, Exit> {
        if let Some(into) = into {
            write_secret(into, secret)
                .map_err(|error| fail(Exit::System, &format!("{}: {error}", into.display())))?;
        }
        let written = dropin::write(&self.location, name, token).map_err(|error| {
            // Nobody would be let in with it.
            into.map(std::fs::remove_file);
            let exit = fail(Exit::Failed, &error.to_string());
            if matches!(error, TokenFileError::OneFile(_)) {
                print::notes(&token.file_text(name));
            }
            exit
        })?;
        let expires = token.expires.map(moment);
        if self.json {
            let mut report = json!({
                "name": name, "principal": Principal::token(name).as_str(), "expires": expires,
                "grace_until": token.previous.as_ref().map(|(_, until)| moment(*until)),
                "file": written.display().to_string(),
            });
            match into {
                Some(into) => report["into"] = into.display().to_string().into(),
                None => report["token"] = secret.expose().into(),
            }
            print::json(&report.to_string());
            return Ok(Exit::Fine);
        }
        match into {
            Some(into) => print::line(&format!("written to {}", into.display())),
            None => print::line(secret.expose()),
        }
        let until = expires.map_or_else(|| "for ever".to_owned(), |at| format!("until {at}"));
        print::note(&format!(
            "it is token:{name}, good {until}, and is shown this once; {} has its hash",
            written.display()
        ));
        if self.config().is_ok_and(|config| config.access.rules.is_empty()) {
            print::note("there are no `[[access.rules]]`: it may call every tool");
        }
        Ok(Exit::Fine)
    }

    fn list(&self) -> Result<Exit, Exit> {
        let (tokens, now) = (self.config()?.access.tokens, SystemTime::now());
        let uses = dirs::state().map(|state| token_uses(&state)).unwrap_or_default();
        let state = |token: &AccessToken| {
            let kind = if token.hash.is_slow() { ", with the npm callmux's hash" } else { "" };
            match (token.expires, &token.previous) {
                (Some(at), _) if at <= now => "expired".to_owned(),
                (_, Some((_, until))) if *until > now => {
                    format!("good{kind}; the one before until {}", moment(*until))
                }
                _ => format!("good{kind}"),
            }
        };
        if self.json {
            let one = |(name, token): (&String, &AccessToken)| {
                json!({
                    "name": name, "principal": Principal::token(name).as_str(),
                    "expires": token.expires.map(moment),
                    "grace_until": token.previous.as_ref().map(|(_, until)| moment(*until)),
                    "hash": if token.hash.is_slow() { "scrypt" } else { "sha256" },
                    "is_expired": token.expires.is_some_and(|at| at <= now),
                    "last_used": uses.get(name).and_then(|used| used.last()),
                    "days_used": uses.get(name).map_or(0, |used| used.days),
                })
            };
            let all: Vec<_> = tokens.iter().map(one).collect();
            print::json(&json!({ "tokens": all }).to_string());
            return Ok(Exit::Fine);
        }
        if tokens.is_empty() {
            print::line("there are no tokens; `callmux token new NAME` makes one");
            return Ok(Exit::Fine);
        }
        let row = |(name, token): (&String, &AccessToken)| {
            let expires = token.expires.map_or_else(|| "never".to_owned(), moment);
            [name.clone(), expires, used(uses.get(name)), state(token)]
        };
        let rows: Vec<[String; 4]> = tokens.iter().map(row).collect();
        print::table(["TOKEN", "EXPIRES", "USED", "IS"], &rows, |_, _| Style::Plain, &[]);
        Ok(Exit::Fine)
    }

    fn revoke(&self, name: &str) -> Result<Exit, Exit> {
        self.known(name)?;
        let path = self.check_ours(name)?;
        std::fs::remove_file(&path)
            .map_err(|error| fail(Exit::System, &format!("{}: {error}", path.display())))?;
        if self.json {
            print::json(&json!({ "name": name, "is_revoked": true }).to_string());
        } else {
            print::line(&format!("token `{name}` is revoked"));
        }
        Ok(Exit::Fine)
    }

    /// The file of a token that we wrote; one that a person wrote is theirs to change.
    fn check_ours(&self, name: &str) -> Result<PathBuf, Exit> {
        dropin::path(&self.location, name).filter(|path| dropin::is_ours(path)).ok_or_else(|| {
            let message = format!(
                "`[access.tokens.{name}]` is written by hand; change it there: `callmux config show` \
                 tells where that is"
            );
            fail(Exit::Failed, &message)
        })
    }

    fn hash(&self, file: Option<&Path>) -> Result<Exit, Exit> {
        let text = given(file)?;
        let tokens = self.config().map(|config| config.access.tokens).unwrap_or_default();
        let is_ours = token::id(text.expose()).is_some();
        let own = token::hash(text.expose());
        let is_it = |hash: &TokenHash| match hash {
            TokenHash::Sha256(_) => *hash == own,
            TokenHash::Scrypt(hash) => !is_ours && hash.fits(text.expose()),
        };
        let mut hashes = tokens.iter().flat_map(|(name, token)| {
            let previous = token.previous.as_ref().map(|(hash, _)| hash);
            std::iter::once(&token.hash).chain(previous).map(move |hash| (name.as_str(), hash))
        });
        let found = hashes.find(|(_, hash)| is_it(hash));
        if found.is_none() && !is_ours {
            let message = "that is no token of callmux, `cmx_…`, written without a slip, and none of the \
                           npm callmux that the config has";
            return Err(fail(Exit::Failed, message));
        }
        let (name, hash) = (found.map(|(name, _)| name), found.map_or(&own, |(_, hash)| hash));
        let hash = hash.to_string();
        if self.json {
            print::json(&json!({ "hash": hash, "name": name }).to_string());
            return Ok(Exit::Fine);
        }
        print::line(&hash);
        print::note(&name.map_or_else(
            || "no token of the config".to_owned(),
            |name| format!("it is token:{name}"),
        ));
        Ok(Exit::Fine)
    }
}

/// `2026-12-01, on 3 days`: when a token was used last, and how often that came about.
fn used(known: Option<&TokenUse>) -> String {
    let told = known.and_then(|known| Some((known.last()?, Count(known.days, "day"))));
    told.map_or_else(|| "never".to_owned(), |(last, days)| format!("{last}, on {days}"))
}

/// The text of the file, or of stdin.
fn given(file: Option<&Path>) -> Result<Secret, Exit> {
    let bytes = match file {
        Some(path) => file::read(path, READ_MAX)
            .map_err(|error| fail(Exit::System, &format!("{}: {error}", path.display())))?,
        None => {
            let mut bytes = Vec::new();
            let read = std::io::stdin().lock().take(READ_MAX).read_to_end(&mut bytes);
            read.map_err(|error| fail(Exit::System, &format!("stdin: {error}")))?;
            bytes
        }
    };
    Ok(Secret::new(String::from_utf8_lossy(&bytes).trim().to_owned()))
}

/// `90d` from now, or a moment.
fn expiry(made: &MadeArgs) -> Result<Option<SystemTime>, Exit> {
    let Some(text) = &made.expires else { return Ok(None) };
    let moment = match humantime::parse_duration(text) {
        Ok(time) => after(time),
        Err(_) => units::moment(text).ok(),
    };
    match moment {
        Some(at) if at > SystemTime::now() => Ok(Some(at)),
        Some(_) => Err(fail(Exit::Usage, &format!("`--expires {text}` is over already"))),
        None => {
            let message = format!("`--expires {text}` is no time: write 90d, 12h or 2027-03-01");
            Err(fail(Exit::Usage, &message))
        }
    }
}

/// A moment after now, if it can be written down: RFC 3339 has years of four digits.
fn after(time: Duration) -> Option<SystemTime> {
    let at = SystemTime::now().checked_add(time)?;
    (at.duration_since(UNIX_EPOCH).ok()?.as_secs() <= LAST_SECOND).then_some(at)
}

/// A new file that only its owner can read.
fn write_secret(path: &Path, secret: &Secret) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{}", secret.expose())?;
    file.sync_all()
}
