//! The panel's entry, sessions and first page (shoper-api.md C).

use std::io::Read;

use http::Method;
use ports::Clock;

use simulators::shoper::form;

use crate::world::*;

/// The vectors of shoper-api.md C.2.
pub const HASH: &str = "4ad5cccfc887478a5b30a2ab8ac31a93b4989fe028c2ca711d85d035eca75d19274887e9a96dbef7540967794b7ffebc2af7ef300c5d684375a131807deacc0e";
const ADMIN_HASH: &str = "2abe774b496c03c026b4092f322f57dd373fefadbfe87e499a9fe6a9535afcb01e2227a236897fe075effda6ef3e50ce60906da8540745c33e430861cb94359a";

pub fn entry(hash: &str, more: &str) -> String {
    format!("/panel?place=my-apps&shop={LICENSE}&timestamp=2026-11-23+12%3A00%3A00&hash={hash}{more}")
}

/// A shop whose first page is the overview: one without a configuration begins at another.
async fn ready(world: &World) -> store::Shop {
    let shop = world.installed().await;
    world.configured(&shop).await;
    shop
}

/// Opens the panel as a browser does that keeps cookies or does not; the first page's address, and the cookie.
pub async fn open(world: &World, address: &str, cookies: bool) -> (String, Option<String>) {
    let first = world.get(address, &[]).await;
    assert_eq!(first.status, 303, "{}", first.text());
    let set = first.header("set-cookie").to_owned();
    let cookie = cookies.then(|| set.split(';').next().unwrap().to_owned());
    let headers: Vec<(&str, &str)> = cookie.iter().map(|cookie| ("cookie", cookie.as_str())).collect();
    let second = world.get(first.header("location"), &headers).await;
    assert_eq!(second.status, 303, "{}", second.text());
    let page = second.header("location").to_owned();
    assert!(page.starts_with("/panel/s/"), "{page}");
    (page, cookie)
}

pub async fn look(world: &World, page: &str, cookie: Option<&str>) -> Answer {
    let headers: Vec<(&str, &str)> = cookie.iter().map(|cookie| ("cookie", *cookie)).collect();
    world.get(page, &headers).await
}

pub fn csrf(page: &str) -> &str {
    let rest = page
        .split_once("name=\"csrf\" value=\"")
        .expect("there is a form")
        .1;
    rest.split_once('"').unwrap().0
}

#[tokio::test]
async fn the_signed_address_opens_the_shops_own_page() {
    each(async |world| {
        ready(&world).await;
        let (page, cookie) = open(&world, &entry(HASH, "&translations=pl_PL&id=%5B1%5D"), true).await;
        let answer = look(&world, &page, cookie.as_deref()).await;
        assert_eq!(answer.status, 200);
        let text = answer.text();
        assert!(
            text.contains("<html lang=\"pl\">")
                && text.contains(HOST)
                && text.contains("Sklep właśnie się z nami łączy"),
            "{text}"
        );
        let policy = answer.header("content-security-policy");
        assert!(
            policy.ends_with(&format!("frame-ancestors {SHOP_URL}")),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"));
        assert_eq!(answer.header("referrer-policy"), "strict-origin");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-store");
    })
    .await;
}

#[tokio::test]
async fn an_administrator_is_taken_or_left_and_the_language_follows_the_panel() {
    each(async |world| {
        ready(&world).await;
        for admin in [ADMIN_HASH, HASH] {
            let more = format!("&admin-id=1&admin-name=Jan+Kowalski&admin-hash={admin}&translations=en_US");
            let (page, cookie) = open(&world, &entry(HASH, &more), true).await;
            let text = look(&world, &page, cookie.as_deref()).await.text().to_owned();
            assert!(text.contains("<html lang=\"en\">") && text.contains("The shop is connecting to us"));
            assert!(!text.contains("Kowalski"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_language_that_was_chosen_is_kept_though_the_next_link_names_another() {
    each(async |world| {
        ready(&world).await;
        let as_admin = |hash: &str, locale: &str| {
            let more = format!("&admin-id=1&admin-name=Jan+Kowalski&admin-hash={hash}&translations={locale}");
            entry(HASH, &more)
        };
        let speaks = async |address: &str| {
            let (page, cookie) = open(&world, address, true).await;
            let text = look(&world, &page, cookie.as_deref()).await.text().to_owned();
            let lang = text.split_once("<html lang=\"").unwrap().1[..2].to_owned();
            (page, cookie, text, lang)
        };
        let (page, cookie, text, lang) = speaks(&as_admin(ADMIN_HASH, "pl_PL")).await;
        assert_eq!(lang, "pl");
        let body = format!("csrf={}&locale=en&page=", csrf(&text));
        let headers = [("cookie", cookie.as_deref().unwrap())];
        let to = format!("{page}language");
        assert_eq!(world.call(Method::POST, &to, &headers, body).await.status, 303);

        // The administration goes on naming Polish; the person chose English.
        assert_eq!(speaks(&as_admin(ADMIN_HASH, "pl_PL")).await.3, "en");
        // Somebody else chose nothing.
        assert_eq!(speaks(&entry(HASH, "&translations=pl_PL")).await.3, "pl");
        let shop = world.shop().await.id;
        world.store.remove_shop(shop, world.clock.now()).await.unwrap();
        assert_eq!(world.store.chosen_language(shop, Some("1")).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn the_cookie_fits_a_frame_and_a_session_begun_with_it_needs_it() {
    each(async |world| {
        ready(&world).await;
        let first = world.get(&entry(HASH, ""), &[]).await;
        let set = first.header("set-cookie");
        assert!(set.starts_with("__Host-panel="), "{set}");
        for part in ["Path=/", "HttpOnly", "SameSite=None", "Secure", "Partitioned"] {
            assert!(
                set.split("; ").any(|found| found == part),
                "{part} is not in {set}"
            );
        }
        let (page, cookie) = open(&world, &entry(HASH, ""), true).await;
        assert_eq!(look(&world, &page, cookie.as_deref()).await.status, 200);
        assert_eq!(
            look(&world, &page, None).await.status,
            401,
            "the address alone opens nothing"
        );
        let other = format!("__Host-panel={}", "0".repeat(64));
        assert_eq!(look(&world, &page, Some(&other)).await.status, 401);
    })
    .await;
}

#[tokio::test]
async fn on_loopback_over_plain_http_the_cookie_asks_for_no_https() {
    each_with(
        |settings| settings.public_url = Some("http://127.0.0.1:8080".parse().unwrap()),
        async |world| {
            ready(&world).await;
            let first = world.get(&entry(HASH, ""), &[]).await;
            let set = first.header("set-cookie");
            assert!(set.starts_with("panel=") && set.contains("SameSite=Lax"), "{set}");
            assert!(!set.contains("Secure") && !set.contains("None"), "{set}");
        },
    )
    .await;
}

#[tokio::test]
async fn without_cookies_everything_works_by_address_alone() {
    each(async |world| {
        let shop = ready(&world).await;
        let (page, _) = open(&world, &entry(HASH, ""), false).await;
        let answer = look(&world, &page, None).await;
        assert_eq!(answer.status, 200);
        let live = look(&world, &format!("{page}overview/live"), None).await;
        assert!(
            live.status == 200 && !live.text().contains("<html"),
            "a piece of a page"
        );
        let body = format!("csrf={}&paused=yes", csrf(answer.text()));
        let posted = world
            .call(Method::POST, &format!("{page}overview/pause"), &[], body)
            .await;
        assert_eq!(
            (posted.status.as_u16(), posted.header("location")),
            (303, page.as_str())
        );
        assert!(world.store.shop(shop.id).await.unwrap().unwrap().paused);
        assert!(look(&world, &page, None).await.text().contains("Wznów"));
    })
    .await;
}

#[tokio::test]
async fn a_form_without_the_sessions_token_changes_nothing() {
    each(async |world| {
        let shop = ready(&world).await;
        let (page, _) = open(&world, &entry(HASH, ""), false).await;
        let (other, _) = open(&world, &entry(HASH, ""), false).await;
        let theirs = csrf(look(&world, &other, None).await.text()).to_owned();
        let ours = csrf(look(&world, &page, None).await.text()).to_owned();
        let to = format!("{page}overview/pause");
        for body in [
            "paused=yes".to_owned(),
            "csrf=&paused=yes".to_owned(),
            format!("csrf={theirs}&paused=yes"),
        ] {
            assert_eq!(world.call(Method::POST, &to, &[], body).await.status, 403);
        }
        let cross = [("sec-fetch-site", "cross-site")];
        assert_eq!(
            world
                .call(Method::POST, &to, &cross, format!("csrf={ours}&paused=yes"))
                .await
                .status,
            403
        );
        assert!(!world.store.shop(shop.id).await.unwrap().unwrap().paused);
        let same = [("sec-fetch-site", "same-origin")];
        assert_eq!(
            world
                .call(Method::POST, &to, &same, format!("csrf={ours}&paused=yes"))
                .await
                .status,
            303
        );
    })
    .await;
}

#[tokio::test]
async fn an_address_that_proves_nothing_opens_nothing() {
    each(async |world| {
        ready(&world).await;
        let tampered = entry(HASH, "").replace("my-apps", "elsewhere");
        let another = entry(HASH, "").replace(LICENSE, &"f".repeat(40));
        let unsigned = entry("", "");
        let twice = entry(HASH, &format!("&shop={LICENSE}"));
        for address in [tampered.as_str(), &another, &unsigned, &twice, "/panel"] {
            let answer = world.get(address, &[]).await;
            assert_eq!(answer.status, 401, "{address}");
            assert!(answer.header("set-cookie").is_empty());
            assert!(answer.text().contains("podpisu"), "it says why");
        }
        for page in ["/panel/s/x/", &format!("/panel/s/{}/", "0".repeat(64))] {
            assert_eq!(world.get(page, &[]).await.status, 401);
        }
    })
    .await;
}

#[tokio::test]
async fn a_shop_that_is_not_known_yet_is_asked_to_wait() {
    each(async |world| {
        let answer = world.get(&entry(HASH, ""), &[]).await;
        assert_eq!(answer.status, 200);
        assert!(answer.text().contains("http-equiv=\"refresh\"") && answer.header("set-cookie").is_empty());
    })
    .await;
}

/// The address that opens the panel, signed, with a time written so.
fn entry_at(timestamp: &str) -> String {
    let signed = sign(&[("place", "my-apps"), ("shop", LICENSE), ("timestamp", timestamp)]);
    format!("/panel?{}", form(&signed))
}

#[tokio::test]
async fn an_address_is_good_for_a_day_or_for_as_long_as_the_operator_says() {
    const DAY: u64 = 86_400;
    for (limit, seconds) in [(None, DAY), (Some(300), 300)] {
        each_with(
            |settings| {
                if let Some(limit) = limit {
                    settings.panel_link_max_age = std::time::Duration::from_secs(limit);
                }
            },
            async |world| {
                ready(&world).await;
                let written = [
                    "2026-11-23 12:00:00",
                    "2026-11-23T12:00:00+01:00",
                    "1795431600",
                    "1795431600000",
                ];
                for made in written {
                    assert_eq!(world.get(&entry_at(made), &[]).await.status, 303, "{made}");
                }
                world.later(std::time::Duration::from_secs(seconds + 1));
                for made in written {
                    assert_eq!(world.get(&entry_at(made), &[]).await.status, 401, "{made}");
                }
                for wrong in ["2019-05-04 10:00:00", "1556956800", "2031-01-01 00:00:00"] {
                    assert_eq!(world.get(&entry_at(wrong), &[]).await.status, 401, "{wrong}");
                }
            },
        )
        .await;
    }
}

#[tokio::test]
async fn an_address_whose_time_cannot_be_read_is_judged_by_its_first_use() {
    each(async |world| {
        ready(&world).await;
        let odd = entry_at("23 listopada, południe");
        for _ in 0..3 {
            assert_eq!(world.get(&odd, &[]).await.status, 303);
            world.later(std::time::Duration::from_secs(8 * 3600 - 1));
        }
        world.later(std::time::Duration::from_secs(10));
        assert_eq!(world.get(&odd, &[]).await.status, 401);
        world.later(std::time::Duration::from_secs(86_400 * 400));
        assert_eq!(
            world.get(&odd, &[]).await.status,
            401,
            "it does not become young again"
        );
        assert_eq!(
            world.get(&entry_at("24 listopada"), &[]).await.status,
            303,
            "another address is another one"
        );
    })
    .await;
}

#[tokio::test]
async fn a_shop_has_a_bounded_number_of_sessions_and_the_newest_stay() {
    each(async |world| {
        ready(&world).await;
        let mut pages = Vec::new();
        for _ in 0..53 {
            world.later(std::time::Duration::from_secs(1));
            pages.push(open(&world, &entry(HASH, ""), false).await.0);
        }
        let mut opened = Vec::new();
        for page in &pages {
            opened.push(look(&world, page, None).await.status == 200);
        }
        assert_eq!(opened.iter().filter(|open| **open).count(), 50);
        assert!(opened[3..].iter().all(|open| *open), "the newest stay");
    })
    .await;
}

#[tokio::test]
async fn the_panel_takes_a_signed_form_as_it_takes_a_signed_address() {
    each(async |world| {
        ready(&world).await;
        let address = entry(HASH, "");
        let signed = address.split_once('?').unwrap().1.to_owned();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        for (to, body) in [
            ("/panel", signed.clone()),
            ("/panel/", signed.clone()),
            (address.as_str(), String::new()),
            (address.as_str(), signed.clone()),
        ] {
            let first = world.call(Method::POST, to, &headers, body).await;
            assert_eq!(first.status, 303, "{}", first.text());
            let second = world.get(first.header("location"), &[]).await;
            assert_eq!(second.status, 303, "{}", second.text());
            assert_eq!(look(&world, second.header("location"), None).await.status, 200);
        }
        for body in [
            String::new(),
            signed.replace("my-apps", "elsewhere"),
            format!("{signed}&shop=x"),
        ] {
            assert_eq!(
                world.call(Method::POST, "/panel", &headers, body).await.status,
                401
            );
        }
    })
    .await;
}

#[tokio::test]
async fn with_a_path_in_the_public_address_every_link_leads_somewhere() {
    for stripped in [false, true] {
        each_with(
            |settings| settings.public_url = Some("https://apps.example/shoper/sare/".parse().unwrap()),
            async |world| {
                ready(&world).await;
                // What the proxy hands on of an address that a browser asks for.
                let handed_on = |address: &str| {
                    assert!(address.starts_with("/shoper/sare/"), "{address} leaves our path");
                    let inner = address.strip_prefix("/shoper/sare").unwrap();
                    if stripped {
                        inner.to_owned()
                    } else {
                        address.to_owned()
                    }
                };
                let asked = handed_on(&format!("/shoper/sare{}", entry(HASH, "")));
                let first = world.get(&asked, &[]).await;
                let set = first.header("set-cookie").to_owned();
                assert!(
                    set.starts_with("__Secure-panel=") && set.contains("; Path=/shoper/sare/;"),
                    "{set}"
                );
                let cookie = [("cookie", set.split(';').next().unwrap())];
                let second = world.get(&handed_on(first.header("location")), &cookie).await;
                let start = second.header("location").to_owned();
                let mut seen = std::collections::BTreeSet::new();
                let mut waiting = vec![start.clone()];
                while let Some(address) = waiting.pop() {
                    if !seen.insert(address.clone()) {
                        continue;
                    }
                    let answer = world.get(&handed_on(&address), &cookie).await;
                    let status = answer.status.as_u16();
                    assert!(matches!(status, 200 | 303 | 409), "{address}: {status}");
                    waiting.extend(Some(answer.header("location").to_owned()).filter(|to| !to.is_empty()));
                    if !answer.header("content-type").starts_with("text/html") {
                        continue;
                    }
                    let text = answer.text().to_owned();
                    for part in text.split('"').skip(1).step_by(2) {
                        if part.starts_with("/panel") || part.starts_with("/api") {
                            panic!("{address} leads to {part}, out of our path");
                        }
                    }
                    for name in ["href=\"", "src=\"", "data-live=\"", "url="] {
                        for rest in text.split(name).skip(1) {
                            let to = rest.split(['"', '#']).next().unwrap().replace("&amp;", "&");
                            if to.starts_with('/') {
                                waiting.push(to);
                            }
                        }
                    }
                    for rest in text.split("action=\"").skip(1) {
                        handed_on(rest.split('"').next().unwrap());
                    }
                }
                assert!(seen.len() > 12, "{seen:?}");
                let closed = world.get(&handed_on("/shoper/sare/panel"), &[]).await;
                assert!(closed.text().contains("href=\"/shoper/sare/panel/assets/"));
                let document = world.operator(Method::GET, "/api/openapi.json", "").await.json();
                assert_eq!(document["servers"][0]["url"], "https://apps.example/shoper/sare");
            },
        )
        .await;
    }
}

#[tokio::test]
async fn a_session_ends_with_its_time_and_with_the_app() {
    each(async |world| {
        ready(&world).await;
        let (page, _) = open(&world, &entry(HASH, ""), false).await;
        let alive = format!("{page}alive");
        assert_eq!(look(&world, &alive, None).await.status, 204);
        world.later(std::time::Duration::from_secs(11 * 3600));
        assert_eq!(look(&world, &page, None).await.status, 401);
        assert_eq!(
            look(&world, &alive, None).await.status,
            401,
            "a page asks before it leaves"
        );
        let (page, _) = open(&world, &entry(HASH, ""), false).await;
        assert_eq!(
            world
                .lifecycle(&signed_at("uninstall", "2026-11-23 23:30:00", &[]))
                .await
                .status,
            200
        );
        let after = look(&world, &page, None).await.status.as_u16();
        assert!(after == 410 || after == 401, "{after}");
        assert_eq!(world.get(&entry(HASH, ""), &[]).await.status, 410);
    })
    .await;
}

#[tokio::test]
async fn a_session_of_one_shop_shows_nothing_of_another() {
    each(async |world| {
        ready(&world).await;
        let extra = [
            ("shop", "ffffffffffffffffffffffffffffffffffffffff"),
            ("shop_url", "https://other.example"),
            ("application_version", "1"),
            ("auth_code", "B"),
        ];
        assert_eq!(world.lifecycle(&signed("install", &extra)).await.status, 200);
        let (page, _) = open(&world, &entry(HASH, ""), false).await;
        let answer = look(&world, &page, None).await;
        assert!(!answer.text().contains("other.example"));
        assert!(!answer.header("content-security-policy").contains("other.example"));
    })
    .await;
}

#[tokio::test]
async fn files_are_kept_by_browsers_for_good_under_names_of_their_content() {
    each(async |world| {
        ready(&world).await;
        let (page, _) = open(&world, &entry(HASH, ""), false).await;
        let text = look(&world, &page, None).await.text().to_owned();
        for end in [".css\"", ".js\""] {
            let at = text.split("\"").find(|part| {
                part.starts_with("/panel/assets/") && end.starts_with(&part[part.rfind('.').unwrap()..])
            });
            let answer = world.get(at.unwrap(), &[]).await;
            assert_eq!(answer.status, 200);
            assert!(answer.header("cache-control").contains("immutable"));
        }
        assert_eq!(world.get("/panel/assets/panel.css", &[]).await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn files_come_compressed_to_who_can_read_it_and_pages_with_their_secrets_never_do() {
    each(async |world| {
        ready(&world).await;
        let (page, _) = open(&world, &entry(HASH, ""), false).await;
        let text = look(&world, &page, None).await.text().to_owned();
        let named = |end: &str| {
            let mut parts = text.split('"');
            parts
                .find(|part| part.starts_with("/panel/assets/") && part.ends_with(end))
                .unwrap()
                .to_owned()
        };
        let asked = world.get(&page, &[("accept-encoding", "gzip")]).await;
        assert_eq!(
            (asked.status.as_u16(), asked.header("content-encoding")),
            (200, "")
        );
        for path in [named(".css"), named(".js")] {
            let plain = world.get(&path, &[]).await;
            assert_eq!(
                (plain.status.as_u16(), plain.header("content-encoding")),
                (200, ""),
                "{path}"
            );
            let small = world.get(&path, &[("accept-encoding", "gzip")]).await;
            assert_eq!(
                (small.status.as_u16(), small.header("content-encoding")),
                (200, "gzip"),
                "{path}"
            );
            assert!(small.header("vary").contains("accept-encoding"), "{path}");
            assert_eq!(
                small.header("cache-control"),
                plain.header("cache-control"),
                "{path}"
            );
            assert!(
                small.body.len() * 2 < plain.body.len(),
                "{path}: {} of {}",
                small.body.len(),
                plain.body.len()
            );
            let mut whole = String::new();
            flate2::read::GzDecoder::new(&small.body[..])
                .read_to_string(&mut whole)
                .unwrap();
            assert_eq!(whole, plain.text(), "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn when_the_ledger_fails_the_panel_says_so_in_words() {
    each(async |world| {
        ready(&world).await;
        let (page, _) = open(&world, &entry(HASH, ""), false).await;
        world.ledger_fails().await;
        let answer = look(&world, &page, None).await;
        assert_eq!(answer.status, 503);
        assert!(answer.text().contains("zajęty"));
    })
    .await;
}

#[tokio::test]
async fn whoever_opens_a_page_has_the_shop_looked_at_and_who_does_not_get_in_has_not() {
    each(async |world| {
        let shop = ready(&world).await;
        let watched_at = async || world.store.shop(shop.id).await.unwrap().unwrap().watched_at;
        look(&world, "/panel/s/unknown/help", None).await;
        assert_eq!(watched_at().await, None);
        let (page, _) = open(&world, &entry(HASH, ""), false).await;
        look(&world, &page, None).await;
        assert!(watched_at().await.is_some());
    })
    .await;
}
