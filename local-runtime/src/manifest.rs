//! The fields of a `spin.toml`, manifest version 2.
//!
//! Every field that Spin knows is declared here. So an unsupported feature is refused with its name
//! and its component (see [`Component::unsupported`]), and a misspelt field as unknown. `app`
//! resolves what the fields mean together.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::Deserialize;
use toml::Value;

/// Maximum size of a file in MiB, because a device may have no end.
const MAX_MIB: u64 = 64;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    spin_manifest_version: Value,
    pub(crate) application: Application,
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, Variable>,
    #[serde(default)]
    pub(crate) trigger: Triggers,
    #[serde(default)]
    pub(crate) component: BTreeMap<String, Component>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "a field that Spin knows and that changes nothing here")]
pub(crate) struct Application {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) version: String,
    description: Option<String>,
    authors: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) trigger: ApplicationTriggers,
    tool: Option<toml::Table>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct ApplicationTriggers {
    #[serde(default)]
    pub(crate) redis: RedisSettings,
    #[serde(default)]
    pub(crate) http: HttpSettings,
    /// Unsupported trigger types.
    #[serde(flatten)]
    pub(crate) other: toml::Table,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RedisSettings {
    pub(crate) address: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpSettings {
    pub(crate) base: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "a field that Spin knows and that changes nothing here")]
pub(crate) struct Variable {
    pub(crate) default: Option<String>,
    #[serde(default)]
    pub(crate) required: bool,
    #[serde(default)]
    pub(crate) secret: bool,
    description: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Triggers {
    #[serde(default)]
    pub(crate) http: Vec<HttpTrigger>,
    #[serde(default)]
    pub(crate) redis: Vec<RedisTrigger>,
    /// Unsupported trigger types.
    #[serde(flatten)]
    pub(crate) other: BTreeMap<String, Vec<toml::Table>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpTrigger {
    #[serde(rename = "id")]
    _id: Option<String>,
    /// A string, or the table of a private route.
    pub(crate) route: Value,
    pub(crate) component: Option<Value>,
    pub(crate) components: Option<Value>,
    pub(crate) executor: Option<Executor>,
    pub(crate) static_response: Option<StaticResponse>,
}

/// How an HTTP component is called. Only the type is checked.
#[derive(Debug, Deserialize)]
pub(crate) struct Executor {
    #[serde(rename = "type")]
    pub(crate) kind: String,
}

/// A reply without a component.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StaticResponse {
    pub(crate) status_code: Option<u16>,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) body: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RedisTrigger {
    #[serde(rename = "id")]
    _id: Option<String>,
    pub(crate) channel: String,
    pub(crate) address: Option<String>,
    pub(crate) component: Option<Value>,
    pub(crate) components: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "a field that Spin knows and that changes nothing here")]
pub(crate) struct Component {
    /// A path, or the table of a URL or registry source.
    source: Value,
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) allowed_outbound_hosts: Vec<String>,
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, String>,
    build: Option<Value>,
    tool: Option<Value>,
    exclude_files: Option<Value>,
    targets: Option<Value>,
    files: Option<Value>,
    allowed_http_hosts: Option<Value>,
    key_value_stores: Option<Value>,
    sqlite_databases: Option<Value>,
    ai_models: Option<Value>,
    #[serde(default)]
    dependencies: BTreeMap<String, Value>,
    dependencies_inherit_configuration: Option<Value>,
    profile: Option<Value>,
}

impl Component {
    /// The first unsupported feature of Spin that the component uses.
    pub(crate) fn unsupported(&self) -> Option<&'static str> {
        let features = [
            ("files", &self.files),
            ("allowed_http_hosts", &self.allowed_http_hosts),
            ("key_value_stores", &self.key_value_stores),
            ("sqlite_databases", &self.sqlite_databases),
            ("ai_models", &self.ai_models),
            ("dependencies_inherit_configuration", &self.dependencies_inherit_configuration),
            ("profile", &self.profile),
        ];
        let used = features.into_iter().find(|(_, value)| value.as_ref().is_some_and(in_use));
        used.map(|(name, _)| name)
    }

    /// The path of the Wasm file as written. A URL or registry source is refused.
    pub(crate) fn source_path(&self, id: &str) -> Result<&str> {
        if let Some(kind) = ["registry", "url"].iter().find(|kind| self.source.get(kind).is_some())
        {
            bail!("component {id:?}: a source from a {kind} is not supported by local-runtime");
        }
        let path = self.source.as_str();
        path.with_context(|| format!("component {id:?}: source must be the path of a Wasm file"))
    }

    /// The Wasm files of its dependencies by their names. Paths are relative to `folder`.
    pub(crate) fn dependencies(
        &self,
        id: &str,
        folder: &Path,
    ) -> Result<BTreeMap<String, PathBuf>> {
        let path = |(name, dependency): (&String, _)| {
            let path = dependency_path(dependency);
            let path = path.with_context(|| format!("component {id:?}, dependency {name:?}"))?;
            Ok((name.clone(), folder.join(path)))
        };
        self.dependencies.iter().map(path).collect()
    }
}

/// The path of a dependency. Spin's other kinds of dependencies are refused.
fn dependency_path(dependency: &Value) -> Result<&str> {
    let Value::Table(fields) = dependency else {
        bail!("a version from a registry is not supported by local-runtime")
    };
    if let Some((field, _)) = fields.iter().find(|(field, value)| *field != "path" && in_use(value))
    {
        bail!("{field} is not supported by local-runtime");
    }
    fields.get("path").and_then(Value::as_str).context("path must be the path of a Wasm file")
}

/// Whether a value asks for a feature. An empty list, an empty table and `false` do not.
fn in_use(value: &Value) -> bool {
    match value {
        Value::Array(items) => !items.is_empty(),
        Value::Table(items) => !items.is_empty(),
        Value::Boolean(on) => *on,
        _ => true,
    }
}

/// Reads a file of at most `MAX_MIB`.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let (mut bytes, most) = (Vec::new(), MAX_MIB * 1024 * 1024);
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    ensure!(bytes.len() as u64 <= most, "{}: expected at most {MAX_MIB} MiB", path.display());
    Ok(bytes)
}

pub(crate) fn load(path: &Path) -> Result<Manifest> {
    let text = read(path).and_then(|bytes| Ok(String::from_utf8(bytes)?));
    let text = text.with_context(|| format!("failed to read the manifest {}", path.display()))?;
    parse(&text).with_context(|| format!("failed to load the manifest {}", path.display()))
}

fn parse(text: &str) -> Result<Manifest> {
    // The display of the error quotes the line, which may contain the default of a secret.
    let manifest: Manifest = toml::from_str(text).map_err(|error| match error.span() {
        Some(span) => {
            let line = text.get(..span.start).unwrap_or_default().lines().count().max(1);
            anyhow!("line {line}: {}", error.message())
        }
        None => anyhow!("{}", error.message()),
    })?;
    let version = &manifest.spin_manifest_version;
    let is_2 = version.as_integer() == Some(2) || version.as_str() == Some("2");
    ensure!(is_2, "spin_manifest_version is {version}, only 2 is supported by local-runtime");
    Ok(manifest)
}
