//! Reports what it can access: environment, arguments, folders, random numbers, the clock and the
//! network.

use guests::*;
use wasi::exports::http::incoming_handler::Guest;
use wasi::http::types::{IncomingRequest, ResponseOutparam};

struct Http;

wasi::http::proxy::export!(Http);

impl Guest for Http {
    fn handle(_: IncomingRequest, out: ResponseOutparam) {
        let mut text = String::new();
        for (name, value) in std::env::vars() {
            text.push_str(&format!("env {name}={value}\n"));
        }
        text.push_str(&format!("arguments {}\n", std::env::args().count()));
        text.push_str(&format!("folder {}\n", std::fs::read_dir("/").is_ok()));
        let random = || {
            u64::from_le_bytes(
                wasi::random::random::get_random_bytes(8).try_into().expect("8 bytes"),
            )
        };
        text.push_str(&format!("random {}\n", random() != random()));
        let now =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
        text.push_str(&format!("clock_s {}\n", now.as_secs()));
        text.push_str(&format!("threads {}\n", std::thread::Builder::new().spawn(|| ()).is_ok()));
        text.push_str(&format!("connect {}\n", connect()));
        reply(out, 200, text.as_bytes());
    }
}

/// Tries a TCP connection through the sockets of WASI.
fn connect() -> &'static str {
    use wasi::sockets::instance_network::instance_network;
    use wasi::sockets::network::{IpAddressFamily, IpSocketAddress, Ipv4SocketAddress};
    use wasi::sockets::tcp_create_socket::create_tcp_socket;

    let port = variable("port").parse().expect("a port");
    let address = IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: (127, 0, 0, 1) });
    match create_tcp_socket(IpAddressFamily::Ipv4) {
        Ok(socket) => match socket.start_connect(&instance_network(), address) {
            Ok(()) => {
                socket.subscribe().block();
                if socket.finish_connect().is_ok() { "yes" } else { "refused" }
            }
            Err(_) => "refused",
        },
        Err(_) => "refused",
    }
}
