//! A token that a program prints.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::header::HeaderValue;
use tokio::sync::{Mutex, oneshot};

use super::error::CredentialError;
use super::header::bearer;
use crate::base::{Secret, program};

/// How long the program may take.
const RUN_WITHIN: Duration = Duration::from_secs(30);
/// A token is renewed so long before it expires.
const AHEAD: Duration = Duration::from_secs(30);

pub(super) struct Command {
    words: Vec<Secret>,
    ttl: Duration,
    within: Duration,
    /// Held while the program runs, so that only one does.
    last: Mutex<Option<Token>>,
}

struct Token {
    value: HeaderValue,
    renew_at: SystemTime,
}

impl Command {
    pub(super) fn new(words: Vec<Secret>, ttl: Duration) -> Self {
        Self { words, ttl, within: RUN_WITHIN, last: Mutex::new(None) }
    }

    /// The last token while it holds, else a new one.
    pub(super) async fn show(&self) -> Result<HeaderValue, CredentialError> {
        let mut last = self.last.lock().await;
        if let Some(token) = last.as_ref().filter(|token| SystemTime::now() < token.renew_at) {
            return Ok(token.value.clone());
        }
        // The old one is of no use even if there is no new one.
        *last = None;
        let token = self.run().await?;
        let value = bearer(&token)?;
        let renew_at = match expiry(token.expose()) {
            Some(at) => at.checked_sub(AHEAD).unwrap_or(UNIX_EPOCH),
            None => SystemTime::now() + self.ttl,
        };
        *last = Some(Token { value: value.clone(), renew_at });
        Ok(value)
    }

    /// The server refused this one.
    pub(super) async fn forget(&self, shown: Option<&HeaderValue>) {
        let mut last = self.last.lock().await;
        if last.as_ref().is_some_and(|token| Some(&token.value) == shown) {
            *last = None;
        }
    }

    /// What it prints. Who waits may give up; a thread of its own sees to the end of the program.
    async fn run(&self) -> Result<Secret, CredentialError> {
        let (words, within) = (self.words.clone(), self.within);
        let (sender, printed) = oneshot::channel();
        let work = move || {
            // Nobody may wait any more.
            drop(sender.send(program::secret_output(&words, within)));
        };
        let thread = std::thread::Builder::new().name("token program".to_owned());
        let failed = |why: &dyn fmt::Display| CredentialError::Program(why.to_string());
        let spawned = thread.spawn(work);
        spawned.map_err(|error| failed(&format_args!("cannot be started: {error}")))?;
        let printed = printed.await.map_err(|_| failed(&"cannot be attended to"))?;
        let printed = printed.map_err(|why| failed(&why))?;
        let token = Secret::new(printed.expose().trim().to_owned());
        if token.expose().is_empty() {
            return Err(failed(&"printed nothing"));
        }
        Ok(token)
    }
}

/// `exp` of a JWT (RFC 7519, section 4.1.4). Nobody checks the signature: who believes it is the server.
fn expiry(token: &str) -> Option<SystemTime> {
    let mut parts = token.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let claims = Secret::new(String::from_utf8(URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?);
    let claims: serde_json::Value = serde_json::from_str(claims.expose()).ok()?;
    let at = Duration::try_from_secs_f64(claims.get("exp")?.as_f64()?).ok()?;
    UNIX_EPOCH.checked_add(at)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::{Command, expiry};
    use crate::base::Secret;

    fn command(script: &str, ttl: Duration) -> Command {
        let words = ["sh", "-c", script].map(|word| Secret::new(word.to_owned()));
        Command::new(words.into(), ttl)
    }

    fn jwt(exp: u64) -> String {
        let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"sub":"x","exp":{exp}}}"#));
        format!("e30.{claims}.sig")
    }

    #[tokio::test]
    async fn the_program_runs_when_its_token_is_over() {
        let dir = tempfile::tempdir().unwrap();
        let script = |prints: &str| {
            format!("cd {} && echo x >> runs && printf '%s\\n' {prints}", dir.path().display())
        };
        let runs = || std::fs::read_to_string(dir.path().join("runs")).unwrap().lines().count();
        let hour = Duration::from_hours(1);
        let held = command(&script("tok"), hour);
        let (a, b) = tokio::join!(held.show(), held.show());
        assert_eq!((a.as_ref().unwrap(), runs()), (&"Bearer tok".parse().unwrap(), 1));
        assert!(a.as_ref().unwrap().is_sensitive() && a == b);
        held.forget(Some(&"Bearer other".parse().unwrap())).await;
        held.show().await.unwrap();
        assert_eq!(runs(), 1, "another was refused");
        held.forget(Some(&a.unwrap())).await;
        held.show().await.unwrap();
        assert_eq!(runs(), 2);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        for (token, twice) in [(jwt(now + 3600), false), (jwt(now + 5), true)] {
            let (before, other) = (runs(), command(&script(&token), Duration::ZERO));
            other.show().await.unwrap();
            other.show().await.unwrap();
            assert_eq!(runs() - before, 1 + usize::from(twice));
        }
    }

    #[tokio::test]
    async fn a_program_that_hangs_is_ended() {
        let mut hangs = command("sleep 1000 & wait", Duration::from_secs(1));
        hangs.within = Duration::from_millis(100);
        let error = hangs.show().await.unwrap_err().to_string();
        assert!(error.contains("did not end within 100ms"), "{error}");
    }

    #[tokio::test]
    async fn what_it_leaves_behind_is_not_waited_for() {
        let own = std::process::id();
        let script = format!("echo tok; tail --pid={own} -f /dev/null & exit 0");
        let ends = command(&script, Duration::from_secs(1));
        assert_eq!(ends.show().await.unwrap(), "Bearer tok");
    }

    #[tokio::test]
    async fn a_failure_shows_nothing_of_what_was_printed() {
        let fails = async |script: &str| {
            let error =
                command(script, Duration::from_secs(1)).show().await.unwrap_err().to_string();
            assert!(!error.contains("canary"), "{error}");
            error
        };
        assert!(fails("echo canary; echo canary >&2; exit 3").await.contains("exit status: 3"));
        assert!(fails("echo").await.contains("printed nothing"));
        assert!(fails("yes canary").await.contains("printed more than 64 KiB"));
        assert!(fails("printf 'canary\\001'").await.contains("no text that a header can hold"));
        assert_eq!(expiry("no.jwt"), None);
    }
}
