//! One HTTP request to the server, over redirects that stay with it.

use std::borrow::Cow;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use hyper::{Method, Request, Response, StatusCode};

use super::failure::RequestFailure;
use super::redirect::target;
use super::server::Remote;
use crate::credentials::Verdict;
use crate::http::{self, RequestBody, ResponseBody};

/// Redirects that are followed, one after the other.
const REDIRECTS_MAX: usize = 3;

impl Remote {
    /// Sends one request, with the credential if there is one, and waits for the head of its response.
    pub(super) async fn request(
        &self,
        method: Method,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Response<ResponseBody>, RequestFailure> {
        let Some(credential) = &self.credential else {
            let response = self.follow(&method, headers, None, body).await?;
            return match self.wants_proof(&response) {
                Some(told) => Err(RequestFailure::refused(told)),
                None => Ok(response),
            };
        };
        let mut tries = 0;
        loop {
            let shown = if credential.is_empty() {
                None
            } else {
                let shown = Box::pin(credential.show()).await;
                shown.map_err(|error| RequestFailure::refused(error.to_string()))?
            };
            if let Some(shown) = &shown {
                self.redaction().note(shown);
            }
            let response = self.follow(&method, headers, shown.as_ref(), body).await?;
            let status = response.status();
            if ![StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status) {
                return Ok(response);
            }
            let (shown, challenge) = (shown.as_ref(), response.headers());
            // Who refuses a request so has not carried it out.
            match Box::pin(credential.refused(shown, status, challenge, tries)).await {
                Verdict::Stands => return Ok(response),
                Verdict::Because(why) => return Err(RequestFailure::refused(why)),
                Verdict::Again => tries += 1,
            }
        }
    }

    /// What is told of a refusal that a proof would have prevented, where there is nobody to give one.
    fn wants_proof(&self, response: &Response<ResponseBody>) -> Option<String> {
        let status = response.status();
        if status != StatusCode::UNAUTHORIZED {
            return None;
        }
        if self.headers.contains_key(AUTHORIZATION) {
            return Some(format!(
                "HTTP status {status}: it refuses the `Authorization` in `headers`"
            ));
        }
        let mut challenges = response.headers().get_all(WWW_AUTHENTICATE).iter();
        let is_bearer = |value: &HeaderValue| {
            value.as_bytes().get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer"))
        };
        challenges.any(is_bearer).then(|| {
            format!(
                "HTTP status {status}: it wants a login; give it a section in the config with \
                 `auth = \"oauth\"`, and run `callmux login NAME`"
            )
        })
    }

    async fn follow(
        &self,
        method: &Method,
        headers: &HeaderMap,
        credential: Option<&HeaderValue>,
        body: &Bytes,
    ) -> Result<Response<ResponseBody>, RequestFailure> {
        let endpoint = self.endpoint.get().filter(|_| *method == Method::POST);
        let mut url = Cow::Borrowed(endpoint.unwrap_or(&self.url));
        for _ in 0..=REDIRECTS_MAX {
            let mut request = Request::new(RequestBody::new(body.clone()));
            *request.method_mut() = method.clone();
            *request.uri_mut() = http::origin_form(&url);
            *request.headers_mut() = headers.clone();
            if let Some(credential) = credential {
                request.headers_mut().insert(AUTHORIZATION, credential.clone());
            }
            let response = self.client.send(request).await?;
            self.responded.store(true, Ordering::Relaxed);
            let keeps_method = [StatusCode::TEMPORARY_REDIRECT, StatusCode::PERMANENT_REDIRECT];
            if !keeps_method.contains(&response.status()) {
                return Ok(response);
            }
            url = Cow::Owned(target(&self.url, response.headers())?);
        }
        Err(RequestFailure::refused(format!("it redirects more than {REDIRECTS_MAX} times")))
    }
}
