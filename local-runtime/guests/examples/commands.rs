//! Executes one command. The lines of the body are the address, the command and its arguments;
//! `int:7` is a number.

use guests::*;
use wasi::exports::http::incoming_handler::Guest;
use wasi::http::types::{IncomingRequest, ResponseOutparam};

struct Http;

wasi::http::proxy::export!(Http);

impl Guest for Http {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let body = String::from_utf8(body(&request)).expect("the test sends text");
        let mut lines = body.lines();
        let (address, command) =
            (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        let arguments: Vec<_> = lines
            .map(|line| match line.strip_prefix("int:").map(str::parse) {
                Some(Ok(number)) => RedisParameter::Int64(number),
                _ => RedisParameter::Binary(line.as_bytes().to_vec()),
            })
            .collect();
        let reply_text = match Connection::open(address) {
            Ok(connection) => match connection.execute(command, &arguments) {
                Ok(list) => results(&list),
                Err(failure) => error(&failure),
            },
            Err(failure) => format!("open:{}", error(&failure)),
        };
        reply(out, 200, reply_text.as_bytes());
    }
}
