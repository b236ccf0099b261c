//! The lock on the API: with the variable `api_token` set, `Authorization: Bearer` must carry it.
//!
//! Checked once for all routes that are not open, before anything of them is looked at.

use shared::{problem, settings};
use spin_sdk::http::{Request, Response};
use spin_shell::NotReady;

/// Passes the request, or gives the answer it gets instead: 401, or 500 where the variable is wrong.
pub(super) fn check(request: &Request) -> Result<(), Response> {
    let token = match settings::api_token(&spin_shell::variable) {
        Ok(Some(token)) => token,
        Ok(None) => return Ok(()),
        Err(error) => return Err(spin_shell::not_ready(&NotReady::Settings(error))),
    };
    match request.header("authorization") {
        Some(header) if token.is_in(header.as_bytes()) => Ok(()),
        _ => {
            let detail = "this needs the header Authorization: Bearer with the token of this API";
            let refusal = spin_shell::problem(problem::UNAUTHORIZED, detail);
            Err(refusal.with_header("www-authenticate", "Bearer").into_response())
        }
    }
}
