//! Something is fetched over HTTP, once.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, LOCATION};
use hyper::{Request, StatusCode, Uri};
use url::{Host, Url};

use super::error::PackageError;
use crate::base::runtime::runtime;
use crate::config::show;
use crate::http::reach::{Reach, is_loopback, reach};
use crate::http::{GuardedClient, Proxies, RequestBody};

/// The longest answer of a registry, in bytes.
pub(super) const ANSWER_MAX: usize = 4 << 20;
/// How long an answer may take, and an archive.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
const ARCHIVE_WITHIN: Duration = Duration::from_mins(10);
const REDIRECTS_MAX: usize = 5;
/// Whom callmux asks unless a person names another: they are where everybody may ask, whatever a resolver says.
const KNOWN: [&str; 4] =
    ["registry.modelcontextprotocol.io", "registry.npmjs.org", "pypi.org", "registry-1.docker.io"];

/// What is wanted.
#[derive(Debug, Clone)]
pub(super) struct WantedFile {
    url: Url,
    /// Who is stood for: neither it nor what it leads to is nearer than they are. `None`: it is where everybody may
    /// ask.
    base: Option<Url>,
    accept: &'static str,
    token: Option<String>,
    max: usize,
}

/// What came.
#[derive(Debug)]
pub(super) struct FetchedFile {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl WantedFile {
    /// Something that a person named, or that callmux knows by itself.
    pub(super) fn named(url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default();
        let base = (!KNOWN.contains(&host)).then(|| url.clone());
        let (accept, max) = ("application/json", ANSWER_MAX);
        Self { url: url.clone(), base, accept, token: None, max }
    }

    /// Something that was named by what came from `from`, which leads no nearer than that lies; by a file, if there is
    /// none: that names what is near by its address alone.
    pub(super) fn told(url: &Url, from: Option<&Url>) -> Self {
        let near = from.is_none() && is_near(url);
        let base = if near { Some(url.clone()) } else { from.cloned() };
        Self { base, ..Self::named(url) }
    }

    /// Something that a registry names, wherever that lies.
    pub(super) fn told_from_afar(url: &Url) -> Self {
        Self { base: None, ..Self::named(url) }
    }

    pub(super) fn accept(self, accept: &'static str) -> Self {
        Self { accept, ..self }
    }

    /// An archive of at most so many bytes.
    pub(super) fn archive(self, max: usize) -> Self {
        Self { max, accept: "*/*", ..self }
    }

    /// A token for the first to be asked.
    pub(super) fn with_token(self, token: String) -> Self {
        Self { token: Some(token), ..self }
    }

    /// Fetches it; an answer that is no success is an error.
    pub(super) fn get(&self) -> Result<Bytes, PackageError> {
        let fetched = self.ask()?;
        match fetched.status {
            status if status.is_success() => Ok(fetched.body),
            status => Err(self.failed(&format!("the answer is {status}"))),
        }
    }

    /// Fetches what is there, whatever the answer is.
    pub(super) fn ask(&self) -> Result<FetchedFile, PackageError> {
        let runtime = runtime().map_err(|error| self.failed(&error.to_string()))?;
        let within = if self.max > ANSWER_MAX { ARCHIVE_WITHIN } else { ANSWER_WITHIN };
        runtime.block_on(async {
            match tokio::time::timeout(within, self.follow()).await {
                Ok(fetched) => fetched.map_err(|why| self.failed(&why.0)),
                Err(_) => Err(self.failed(&format!("there is no answer after {within:?}"))),
            }
        })
    }

    pub(super) fn failed(&self, why: &str) -> PackageError {
        PackageError::Fetch { url: show::url(self.url.as_str()), why: why.to_owned() }
    }

    async fn follow(&self) -> Result<FetchedFile, WhyNot> {
        let mut url = self.url.clone();
        let mut token = self.token.as_deref();
        let client = GuardedClient::new(self.base.as_ref(), &Proxies::of_environment(&[]));
        for _ in 0..=REDIRECTS_MAX {
            judge(&url, self.base.as_ref().is_some_and(is_near))?;
            let fetched = self.one(&client, &url, token).await?;
            let location = fetched.headers.get(LOCATION).and_then(|value| value.to_str().ok());
            let Some(location) = location.filter(|_| fetched.status.is_redirection()) else {
                return Ok(fetched);
            };
            let next = url.join(location).map_err(|error| WhyNot(error.to_string()))?;
            if next.origin() != url.origin() {
                token = None;
            }
            url = next;
        }
        Err(WhyNot("it redirects too often".to_owned()))
    }

    async fn one(
        &self,
        client: &GuardedClient,
        url: &Url,
        token: Option<&str>,
    ) -> Result<FetchedFile, WhyNot> {
        let uri: Uri = url.as_str().parse().map_err(|_| WhyNot("it is no address".to_owned()))?;
        let mut request = Request::new(RequestBody::default());
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static(self.accept));
        if let Some(token) = token {
            let value = HeaderValue::try_from(format!("Bearer {token}"));
            headers
                .insert(AUTHORIZATION, value.map_err(|_| WhyNot("its token is none".to_owned()))?);
        }
        let (head, body) = client.ask(request).await?.into_parts();
        let body = Limited::new(body, self.max).collect().await;
        let body = body.map_err(|error| {
            if error.is::<http_body_util::LengthLimitError>() {
                WhyNot(format!("it is larger than {} MiB", self.max >> 20))
            } else {
                WhyNot(error.to_string())
            }
        })?;
        Ok(FetchedFile { status: head.status, headers: head.headers, body: body.to_bytes() })
    }
}

/// Why nothing came, as the rest of a sentence.
struct WhyNot(String);

impl From<crate::http::Error> for WhyNot {
    fn from(error: crate::http::Error) -> Self {
        Self(error.to_string())
    }
}

/// Nothing is fetched over plain HTTP but from this machine, nor from it unless that was meant.
fn judge(url: &Url, is_local: bool) -> Result<(), WhyNot> {
    match url.scheme() {
        "http" if !is_local || !is_loopback(url) => {
            Err(WhyNot("it is only fetched over https".to_owned()))
        }
        "http" | "https" if is_near(url) && !is_local => {
            Err(WhyNot("it leads to an address of this machine or its network".to_owned()))
        }
        "http" | "https" if !url.username().is_empty() || url.password().is_some() => {
            Err(WhyNot("there is a user in it; fetch it yourself and name the file".to_owned()))
        }
        "http" | "https" => Ok(()),
        _ => Err(WhyNot("it must begin with https://".to_owned())),
    }
}

/// Whether it leads to this machine or its network, whatever its names stand for.
fn is_near(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => reach(address.into()) != Reach::Global,
        Some(Host::Ipv6(address)) => reach(address.into()) != Reach::Global,
        Some(Host::Domain(_)) | None => is_loopback(url),
    }
}

#[cfg(test)]
mod tests {
    use super::{KNOWN, WantedFile, judge};
    use crate::packages::registry::Registries;

    #[test]
    fn whom_callmux_knows_is_nowhere_near() {
        let Registries { mcp, npm, pypi } = Registries::default();
        for url in [mcp, npm, pypi] {
            let url: url::Url = url.parse().unwrap();
            assert!(KNOWN.contains(&url.host_str().unwrap()), "{url}");
            assert!(WantedFile::named(&url).base.is_none(), "{url}");
        }
    }

    /// `localhost` stands for each name that means something near.
    #[test]
    fn what_is_told_leads_to_no_near_name() {
        let near = "http://localhost:9/x".parse().unwrap();
        let why = |wanted: WantedFile| wanted.ask().err().unwrap().to_string();
        let far = "https://registry.example/".parse().unwrap();
        let is_refused = |why: &str| {
            ["only fetched over https", "no business", "this machine"]
                .iter()
                .any(|no| why.contains(no))
        };
        let told = why(WantedFile::told(&near, Some(&far)));
        assert!(is_refused(&told), "{told}");
        let told = why(WantedFile::told_from_afar(&near));
        assert!(is_refused(&told), "{told}");
        // Names that mean the same and do not look so are looked up; the system's own is one.
        let named = why(WantedFile::named(&near));
        assert!(!is_refused(&named), "{named}");
    }

    #[test]
    fn nothing_leads_nearer_than_it_lies() {
        for (url, is_local, fits) in [
            ("https://a.example/x", false, true),
            ("http://a.example/x", false, false),
            ("http://a.example/x", true, false),
            ("http://127.0.0.1:1/x", true, true),
            ("http://localhost/x", true, true),
            ("http://127.0.0.1:1/x", false, false),
            ("https://127.0.0.1/x", false, false),
            ("https://10.0.0.1/x", false, false),
            ("https://[::ffff:169.254.169.254]/x", false, false),
            ("https://[64:ff9b::a00:1]/x", false, false),
            ("https://100.64.0.1/x", false, false),
            ("https://me:canary@a.example/", false, false),
            ("file:///etc/passwd", true, false),
        ] {
            assert_eq!(judge(&url.parse().unwrap(), is_local).is_ok(), fits, "{url}");
        }
    }
}
