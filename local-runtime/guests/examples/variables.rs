//! Replies with the variable that the path names, or with the error.

use guests::*;
use wasi::exports::http::incoming_handler::Guest;
use wasi::http::types::{IncomingRequest, ResponseOutparam};

struct Http;

wasi::http::proxy::export!(Http);

impl Guest for Http {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let text = match variables::get(&path_info(&request)) {
            Ok(value) => format!("value:{value}"),
            Err(variables::Error::InvalidName(_)) => "invalid-name".to_owned(),
            Err(variables::Error::Undefined(_)) => "undefined".to_owned(),
            Err(variables::Error::Provider(_)) => "provider".to_owned(),
            Err(variables::Error::Other(_)) => "other".to_owned(),
        };
        reply(out, 200, text.as_bytes());
    }
}
