//! Access to the API. With `api_token` set, clients must send the token. Without it, everyone who
//! reaches the API may use it, and two rules keep out web pages of other sites:
//!
//! - *Known hosts.* A page can point its own DNS name to this API (DNS rebinding) and is then
//!   same-origin. So `Host` must be a name that nobody else can register.
//! - *No cross-site writes.* `Sec-Fetch-Site` and `Origin` distinguish form posts of other sites
//!   from requests of the dashboard. Programs send neither.

use std::net::IpAddr;

use http::header;
use http::uri::{Authority, Uri};
use subtle::ConstantTimeEq;

use crate::{Problem, Refusal, Request, Result, Settings};

/// Reserved by RFC 6761, made by Kubernetes, resolved inside Spin. A name such as `orders-api.shop`
/// is not among them: a namespace may be called like a public top-level domain.
const PRIVATE: [&str; 4] = [".localhost", ".svc", ".svc.cluster.local", ".spin.internal"];

/// Checks a request before its path is read.
pub(crate) fn check(request: &Request<'_>, settings: &Settings) -> Result<()> {
    if let Some(token) = &settings.api_token {
        let sent = request.headers().get(header::AUTHORIZATION);
        if sent.is_some_and(|sent| is_bearer(sent.as_bytes(), token)) {
            return Ok(());
        }
        let detail = "expected the header Authorization: Bearer with the token of this API";
        return Err(Refusal::new(Problem::Unauthorized, detail)
            .with_header(header::WWW_AUTHENTICATE, "Bearer"));
    }
    let Some(host) = host_of(request).filter(|host| is_known(host, &settings.allowed_hosts)) else {
        let detail = "this API has no token; add this host name to the variable allowed_hosts";
        return Err(Refusal::new(Problem::UnknownHost, detail));
    };
    let is_write = ["POST", "PUT", "DELETE"].contains(&request.method().as_str());
    if is_write && is_cross_site(request, &host) {
        let detail = "this API has no token, so other sites may not change anything here";
        return Err(Refusal::new(Problem::CrossSite, detail));
    }
    Ok(())
}

/// Whether the value of an `Authorization` header has the token. The time that this takes depends
/// only on the lengths.
fn is_bearer(authorization: &[u8], token: &str) -> bool {
    let scheme = b"Bearer ";
    authorization.split_at_checked(scheme.len()).is_some_and(|(found, sent)| {
        found.eq_ignore_ascii_case(scheme) && bool::from(sent.trim_ascii().ct_eq(token.as_bytes()))
    })
}

/// The request's host, in lower case and without the port.
fn host_of(request: &Request<'_>) -> Option<String> {
    let authority = match request.headers().get(header::HOST) {
        Some(host) => Authority::try_from(host.as_bytes()).ok()?,
        // HTTP/2 has no such header, and a host may remove it. The URI then has the authority.
        None => request.uri().authority()?.clone(),
    };
    Some(authority.host().to_ascii_lowercase())
}

fn is_known(host: &str, allowed: &[String]) -> bool {
    !host.contains('.')
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
        || PRIVATE.iter().any(|suffix| host.ends_with(suffix))
        || allowed.iter().any(|allowed| allowed == host)
}

fn is_cross_site(request: &Request<'_>, host: &str) -> bool {
    let site = request.headers().get("sec-fetch-site").map(header::HeaderValue::as_bytes);
    // A page that hides its origin sends "null", which is no host of this API.
    let is_own = |origin: &header::HeaderValue| {
        let origin = Uri::try_from(origin.as_bytes());
        origin.is_ok_and(|it| it.host().is_some_and(|found| found.eq_ignore_ascii_case(host)))
    };
    matches!(site, Some(b"cross-site" | b"same-site"))
        || request.headers().get(header::ORIGIN).is_some_and(|origin| !is_own(origin))
}
