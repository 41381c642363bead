//! The digest of a container's image (OCI Distribution Specification 1.1).

use hyper::StatusCode;
use hyper::header::{HeaderMap, WWW_AUTHENTICATE};
use sha2::{Digest, Sha256};
use url::Url;

use super::error::{PackageError, refused};
use super::fetch::{FetchedFile, WantedFile};
use crate::base::quoted;
use crate::http::reach::is_loopback;
use crate::json::Json;

/// What a manifest may be.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json";

/// Who is asked at an address, with what that address may be.
pub(super) type RegistryAsked<'a> = &'a dyn Fn(&Url) -> WantedFile;

/// The image by its digest. `version`: a tag or a digest.
pub(super) fn pinned(
    image: &str,
    version: Option<&str>,
    asked: RegistryAsked<'_>,
) -> Result<String, PackageError> {
    if let Some(digest) = version.filter(|version| version.contains(':')) {
        let is_digest = digest.strip_prefix("sha256:").is_some_and(is_sha256);
        return if is_digest {
            Ok(format!("{image}@{digest}"))
        } else {
            Err(refused(format!("`{}` is no digest: sha256: and 64 digits", quoted(digest))))
        };
    }
    let digest = digest_of(image, version.unwrap_or("latest"), asked)?;
    Ok(format!("{image}@sha256:{digest}"))
}

/// Whether it is one, in hexadecimal digits.
pub(super) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// In hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn digest_of(image: &str, tag: &str, asked: RegistryAsked<'_>) -> Result<String, PackageError> {
    let (host, name) = parted(image);
    let name =
        if host == "docker.io" && !name.contains('/') { format!("library/{name}") } else { name };
    let dialled = if host == "docker.io" { "registry-1.docker.io" } else { &host };
    let wrong = |_| refused(format!("`{}` names no registry", quoted(image)));
    let mut url =
        Url::parse(&format!("https://{dialled}/v2/{name}/manifests/{tag}")).map_err(wrong)?;
    if is_loopback(&url) {
        url = Url::parse(&url.as_str().replacen("https", "http", 1)).map_err(wrong)?;
    }
    let wanted = asked(&url).accept(MANIFESTS);
    let mut fetched = wanted.ask()?;
    if fetched.status == StatusCode::UNAUTHORIZED
        && let Some(token) = token(&fetched.headers, &url, &name)?
    {
        fetched = wanted.clone().with_token(token).ask()?;
    }
    let FetchedFile { status, headers, body } = fetched;
    match status.as_u16() {
        200..300 => {}
        401 | 403 | 404 => {
            return Err(refused(format!(
                "the registry shows no image {}:{} to everybody ({status}); name it by its digest, \
                 oci:IMAGE@sha256:…, or write the command behind `--`",
                quoted(image),
                quoted(tag)
            )));
        }
        _ => return Err(wanted.failed(&format!("the answer is {status}"))),
    }
    let digest = sha256(&body);
    let said = headers.get("docker-content-digest").and_then(|value| value.to_str().ok());
    match said.and_then(|said| said.strip_prefix("sha256:")) {
        Some(said) if !said.eq_ignore_ascii_case(&digest) => {
            Err(wanted.failed("what came is not what its digest says"))
        }
        _ => Ok(digest),
    }
}

/// The registry's host and the image's name there.
fn parted(image: &str) -> (String, String) {
    match image.split_once('/') {
        Some((host, name)) if host.contains(['.', ':']) || host == "localhost" => {
            (host.to_owned(), name.to_owned())
        }
        _ => ("docker.io".to_owned(), image.to_owned()),
    }
}

/// The token that everybody gets, as the answer says where; `None`: it says so of none.
fn token(headers: &HeaderMap, from: &Url, name: &str) -> Result<Option<String>, PackageError> {
    let challenge = headers.get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
    let Some(rest) = challenge.and_then(|text| text.strip_prefix("Bearer ")) else {
        return Ok(None);
    };
    let member = |wanted: &str| {
        let start = format!("{wanted}=\"");
        let at = rest.find(&start)? + start.len();
        rest[at..].split('"').next().map(str::to_owned)
    };
    let Some(mut realm) = member("realm").and_then(|realm| Url::parse(&realm).ok()) else {
        return Ok(None);
    };
    let scope = member("scope").unwrap_or_else(|| format!("repository:{name}:pull"));
    let service = member("service");
    realm.query_pairs_mut().append_pair("scope", &scope);
    if let Some(service) = service {
        realm.query_pairs_mut().append_pair("service", &service);
    }
    let body = WantedFile::told(&realm, Some(from)).get()?;
    let tree = std::str::from_utf8(&body).ok().and_then(|text| Json::parse(text).ok());
    let token = tree.and_then(|tree| {
        let token = tree.get("token").or_else(|| tree.get("access_token"))?;
        token.as_str().map(str::to_owned)
    });
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::{WantedFile, parted, pinned, sha256};

    #[test]
    fn images_say_their_registry() {
        for (image, host, name) in [
            ("mcp/fetch", "docker.io", "mcp/fetch"),
            ("fetch", "docker.io", "fetch"),
            ("ghcr.io/a/b", "ghcr.io", "a/b"),
            ("127.0.0.1:5000/a", "127.0.0.1:5000", "a"),
        ] {
            assert_eq!(parted(image), (host.to_owned(), name.to_owned()));
        }
        let digest = format!("sha256:{}", sha256(b"x"));
        assert_eq!(
            pinned("a/b", Some(&digest), &WantedFile::named).unwrap(),
            format!("a/b@{digest}")
        );
        assert!(pinned("a/b", Some("sha256:0"), &WantedFile::named).is_err());
    }
}
