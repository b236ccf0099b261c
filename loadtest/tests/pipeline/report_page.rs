//! The page of a report, opened in a real browser.
//!
//! Chromium has to be on the PATH: `cargo xtask test` installs it. The pages stay in the target
//! folder, for people to look at.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use loadtest::report::{Report, page};

use crate::a_report::a_report;
use crate::report_text::all_reports;

/// A browser may be slow to start on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// Every chart of a page, by its name.
const CHARTS: [&str; 5] = ["rates", "backlog", "latency", "cpu", "memory"];

/// The colours that marks are drawn in, on a light ground and on a dark one.
const LIGHT: [[u8; 3]; 3] = [[0x00, 0x72, 0xb2], [0xd5, 0x5e, 0x00], [0x00, 0x85, 0x61]];
const DARK: [[u8; 3]; 3] = [[0x56, 0xb4, 0xe9], [0xff, 0x9a, 0x4d], [0x3d, 0xd6, 0xa8]];

/// Writes a page where it stays.
fn saved(name: &str, html: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report-pages");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{name}.html"));
    std::fs::write(&path, html).unwrap();
    path
}

fn page_of(report: &Report) -> String {
    page::page(report)
}

/// What the browser has printed, and what its console said.
struct Browsed {
    output: String,
    console: Vec<String>,
}

/// Opens a page in a browser that cannot reach anything but files.
fn browse(page: &Path, arguments: &[&str]) -> Browsed {
    let profile = tempfile::tempdir().unwrap();
    let printed = profile.path().join("stdout");
    let log = profile.path().join("stderr");
    let mut browser = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
        ])
        .args([
            "--disable-dev-shm-usage",
            "--disable-component-update",
            "--host-resolver-rules=MAP * ~NOTFOUND",
        ])
        .args(["--enable-logging=stderr", "--virtual-time-budget=5000", "--hide-scrollbars"])
        .arg(format!("--user-data-dir={}", profile.path().join("profile").display()))
        .args(arguments)
        .arg(format!("file://{}", page.display()))
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&printed).unwrap())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .expect("chromium is on the PATH: `cargo xtask test` installs it");
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = browser.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            let _ = browser.kill();
            let _ = browser.wait();
            panic!("waited in vain until the browser has opened {}", page.display());
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let log = String::from_utf8_lossy(&std::fs::read(&log).unwrap()).into_owned();
    assert!(status.success(), "{status}: {log}");
    let console = log.lines().filter(|line| line.contains(":CONSOLE")).map(str::to_owned).collect();
    Browsed {
        output: String::from_utf8_lossy(&std::fs::read(&printed).unwrap()).into_owned(),
        console,
    }
}

/// The page as the browser has understood it, which has nothing to complain of.
fn dom(page: &Path) -> String {
    let browsed = browse(page, &["--dump-dom"]);
    assert!(browsed.console.is_empty(), "{}: {:?}", page.display(), browsed.console);
    browsed.output
}

/// How many pixels of a page have each of these colours.
fn pixels(page: &Path, arguments: &[&str], colors: [[u8; 3]; 3]) -> [usize; 3] {
    let picture = page.with_extension("png");
    let screenshot = format!("--screenshot={}", picture.display());
    let browsed =
        browse(page, &[&[screenshot.as_str(), "--window-size=1200,3600"], arguments].concat());
    assert!(browsed.console.is_empty(), "{:?}", browsed.console);
    let decoder =
        png::Decoder::new(std::io::BufReader::new(std::fs::File::open(&picture).unwrap()));
    let mut reader = decoder.read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut bytes).unwrap();
    let samples = frame.color_type.samples();
    colors.map(|color| {
        bytes[..frame.buffer_size()].chunks(samples).filter(|pixel| pixel[..3] == color).count()
    })
}

/// The part of a page that is this chart.
fn chart<'a>(dom: &'a str, id: &str) -> &'a str {
    let begin =
        dom.find(&format!("<figure id=\"{id}\"")).unwrap_or_else(|| panic!("no chart {id}"));
    let end = dom[begin..].find("</figure>").unwrap();
    &dom[begin..begin + end]
}

/// Marks of a chart that take up room: a line or an area that goes somewhere, a dot.
fn marks(chart: &str) -> usize {
    let classes = ["class=\"first", "class=\"second", "class=\"third"];
    let is_series = |tag: &&str| classes.iter().any(|class| tag.contains(class));
    let attribute = |tag: &str, name: &str| {
        let begin = tag.find(&format!(" {name}=\"")).map(|at| at + name.len() + 3)?;
        Some(tag[begin..].split('"').next()?.to_owned())
    };
    let is_drawn = |tag: &&str| {
        let points = attribute(tag, "points").unwrap_or_default();
        let points: std::collections::BTreeSet<&str> = points.split_whitespace().collect();
        tag.starts_with("circle") || points.len() > 1
    };
    chart.split('<').filter(is_series).filter(is_drawn).count()
}

#[test]
fn every_chart_is_drawn_and_the_browser_has_nothing_to_complain_of() {
    for (name, report) in [
        ("burst", a_report().build()),
        ("waves", a_report().waves().build()),
        ("soak", a_report().soak().shared().build()),
        ("failures", a_report().steady(400).with_failures().build()),
        ("one-interval", a_report().in_one_interval().build()),
    ] {
        let dom = dom(&saved(name, &page_of(&report)));
        for id in CHARTS {
            assert!(marks(chart(&dom, id)) > 0, "{name}: {id} has no marks: {}", chart(&dom, id));
        }
        assert_eq!(dom.matches("role=\"img\"").count(), CHARTS.len(), "{name}");
        assert!(!dom.contains("NaN"), "{name}");
    }
}

#[test]
fn charts_without_figures_say_why_and_draw_no_empty_frames() {
    for (name, report) in [
        ("no-orders", a_report().without_orders().without_app()),
        ("no-timeline", a_report().without_timeline()),
        ("no-app", a_report().without_app()),
    ] {
        let dom = dom(&saved(name, &page_of(&report)));
        for id in CHARTS {
            let chart = chart(&dom, id);
            let is_drawn = chart.contains("<svg");
            assert_eq!(is_drawn, marks(chart) > 0, "{name}: {id}");
            assert!(is_drawn || chart.contains("Nothing to draw"), "{name}: {chart}");
        }
    }
}

#[test]
fn marks_have_their_colours_in_light_and_in_dark() {
    let page = saved("colours", &page_of(&a_report().waves().build()));
    let light = pixels(&page, &["--blink-settings=preferredColorScheme=1"], LIGHT);
    let dark = pixels(&page, &["--blink-settings=preferredColorScheme=0"], DARK);
    for (found, name) in [(light, "light"), (dark, "dark")] {
        assert!(found.iter().all(|pixels| *pixels > 200), "{name}: {found:?}");
    }
    let light_in_dark = pixels(&page, &["--blink-settings=preferredColorScheme=0"], LIGHT);
    assert!(light_in_dark.iter().all(|pixels| *pixels == 0), "{light_in_dark:?}");
}

#[test]
fn nothing_is_wider_than_a_phone() {
    // A frame, because a window of the browser has a least width. What overflows makes it scroll to
    // the side, with a bar that is not hidden here.
    let text = page_of(&a_report().waves().with_failures().shared().build());
    let phone = saved("phone", &text);
    let frame = |width: u32| {
        format!(
            "<!DOCTYPE html><meta charset=utf-8><body style=\"margin:0\">
             <iframe id=\"f\" src=\"{}\" style=\"border:0;width:{width}px;height:9000px\"></iframe>
             <script>onload=()=>{{
                 const d=document.getElementById('f').contentDocument.documentElement;
                 document.title=d.scrollWidth+' of '+d.clientWidth
             }}</script>",
            phone.display()
        )
    };
    let dom = browse(
        &saved("phone-frame", &frame(390)),
        &["--dump-dom", "--allow-file-access-from-files"],
    )
    .output;
    assert!(dom.contains("<title>390 of 390</title>"), "{}", &dom[..500]);
}

#[test]
fn texts_of_others_stay_texts() {
    let evil =
        "</title><script>alert(1)</script><img src=http://example.com/x onerror=alert(1)>\"'&amp;";
    let html = page_of(&a_report().waves().saying(evil).build());
    assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
    let dom = dom(&saved("evil", &html));
    assert!(!dom.contains("<script") && !dom.contains("<img"));
    // Word for word, seven times at least: the browser escapes what it prints in its own way.
    assert!(dom.matches("&lt;script&gt;alert(1)&lt;/script&gt;").count() > 7);
}

#[test]
fn a_page_refers_to_nothing_outside_itself() {
    for (name, report) in all_reports() {
        let html = page_of(&report);
        for forbidden in
            ["http:", "https:", "//", "src=", "href=", "url(", "@import", "<script", "NaN", "inf"]
        {
            assert!(!html.contains(forbidden), "{name}: {forbidden}");
        }
        assert!(html.contains("default-src 'none'"), "{name}");
    }
}

#[test]
fn a_page_that_would_reach_out_is_reported_by_the_browser() {
    // Shows that the silence of the console in the tests above means something.
    let html = page_of(&a_report().build())
        .replace("</main>", "<img src=\"x.png\"><script>1</script></main>");
    let console = browse(&saved("reaching-out", &html), &["--dump-dom"]).console;
    assert!(console.iter().any(|line| line.contains("x.png")), "{console:?}");
    assert!(console.iter().any(|line| line.contains("script")), "{console:?}");
}

#[test]
fn the_longest_report_is_a_page_of_less_than_500_kb() {
    let report = a_report().longest().build();
    assert!(report.timeline.intervals.len() >= 600);
    let size = page_of(&report).len();
    assert!(size < 500_000, "{size}");
}
