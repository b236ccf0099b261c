//! Every path of the API with its methods, in one table: what is not in it is 404 or 405.
//!
//! `HEAD` follows from `GET`, `OPTIONS` is there everywhere. The paths are those of `docs/openapi.yaml` and lie under the routes that
//! `spin.toml` gives to `orders-api`; tests hold the three together.

use spin_sdk::http::{Method, Response};

/// What can be asked of the API.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operation {
    TakeOrders,
    ListOrders,
    ShowOrder,
    ListLetters,
    ShowLetter,
    DiscardLetter,
    RedriveLetter,
    Stats,
    ShowControls,
    ShowControl,
    SetControl,
    Metrics,
    Health,
    ShowDashboard,
    ShowApi,
}

/// A path; its segment `{}` stands for an id, whatever that is.
pub(super) struct Route {
    path: &'static str,
    /// Whether it answers without the token, because it shows nothing of an order.
    pub(super) is_open: bool,
    methods: &'static [(Method, Operation)],
}

const fn locked(path: &'static str, methods: &'static [(Method, Operation)]) -> Route {
    Route { path, is_open: false, methods }
}

const fn open(path: &'static str, methods: &'static [(Method, Operation)]) -> Route {
    Route { path, is_open: true, methods }
}

const ROUTES: &[Route] = &[
    locked(
        "/orders",
        &[(Method::Get, Operation::ListOrders), (Method::Post, Operation::TakeOrders)],
    ),
    locked("/orders/{}", &[(Method::Get, Operation::ShowOrder)]),
    locked("/dead-letters", &[(Method::Get, Operation::ListLetters)]),
    locked(
        "/dead-letters/{}",
        &[(Method::Get, Operation::ShowLetter), (Method::Delete, Operation::DiscardLetter)],
    ),
    locked("/dead-letters/{}/redrive", &[(Method::Post, Operation::RedriveLetter)]),
    locked("/stats", &[(Method::Get, Operation::Stats)]),
    locked("/control", &[(Method::Get, Operation::ShowControls)]),
    locked(
        "/control/{}",
        &[(Method::Get, Operation::ShowControl), (Method::Put, Operation::SetControl)],
    ),
    locked("/metrics", &[(Method::Get, Operation::Metrics)]),
    open("/healthz", &[(Method::Get, Operation::Health)]),
    open("/", &[(Method::Get, Operation::ShowDashboard)]),
    open("/dashboard/{}", &[(Method::Get, Operation::ShowDashboard)]),
    open("/openapi.json", &[(Method::Get, Operation::ShowApi)]),
];

/// The route of a path, and the id in it as it was sent; `""` where there is none.
pub(super) fn find(path: &str) -> Option<(&'static Route, &str)> {
    ROUTES.iter().find_map(|route| Some((route, route.id_in(path)?)))
}

impl Route {
    fn id_in<'a>(&self, path: &'a str) -> Option<&'a str> {
        let mut id = "";
        let mut found = path.split('/');
        for expected in self.path.split('/') {
            let segment = found.next()?;
            match expected {
                "{}" if !segment.is_empty() => id = segment,
                _ if segment == expected => {}
                _ => return None,
            }
        }
        found.next().is_none().then_some(id)
    }

    /// What a method asks for here, or the answer to one that asks for nothing.
    pub(super) fn operation(&self, method: &Method) -> Result<Operation, Response> {
        let wanted = if *method == Method::Head { &Method::Get } else { method };
        match self.methods.iter().find(|(known, _)| known == wanted) {
            Some((_, operation)) => Ok(*operation),
            None if *method == Method::Options => Err(spin_shell::options(&self.allowed())),
            None => Err(spin_shell::method_not_allowed(&self.allowed())),
        }
    }

    /// The header `Allow` of this path.
    fn allowed(&self) -> String {
        let mut allowed = Vec::new();
        for (method, _) in self.methods {
            allowed.push(method.to_string());
            if *method == Method::Get {
                allowed.push("HEAD".into());
            }
        }
        allowed.push("OPTIONS".into());
        allowed.join(", ")
    }
}
