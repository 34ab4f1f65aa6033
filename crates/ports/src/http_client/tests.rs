use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// A server that answers every connection once; its port and how many connections it had.
async fn a_server() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let met = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&met);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let mut heard = [0; 4096];
            let _ = stream.read(&mut heard).await;
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
                .await;
        }
    });
    (port, met)
}

fn client(reach: Reach, names: impl Fn(usize) -> Vec<IpAddr> + Send + Sync + 'static) -> HttpClient {
    let asked = AtomicUsize::new(0);
    let lookup: Lookup = Arc::new(move |_| {
        let found = names(asked.fetch_add(1, Ordering::SeqCst));
        Box::pin(async move { Ok(found) })
    });
    let settings = HttpClientSettings {
        reach,
        ..HttpClientSettings::default()
    };
    HttpClient::with_lookup(settings, lookup).unwrap()
}

async fn ask(client: &HttpClient, url: &str) -> Result<Response, TransportError> {
    let request = http::Request::get(url)
        .header("authorization", "Bearer secret")
        .body(Bytes::new())
        .unwrap();
    client.send(request).await
}

const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

#[tokio::test]
async fn a_name_that_leads_into_our_own_network_is_refused_before_anything_is_sent() {
    let (port, met) = a_server().await;
    for address in [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "::1",
        "fd00::1",
        "::ffff:127.0.0.1",
    ] {
        let address: IpAddr = address.parse().unwrap();
        let public = "1.1.1.1".parse().unwrap();
        let client = client(Reach::Public, move |_| vec![public, address]);
        let error = ask(&client, &format!("http://shop.example.com:{port}/"))
            .await
            .unwrap_err();
        assert!(
            matches!(error, TransportError::OutOfReach(_)),
            "{address}: {error}"
        );
        assert!(
            error.surely_not_sent() && error.to_string().contains("shop.example.com"),
            "{error}"
        );
    }
    assert_eq!(met.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_address_in_figures_is_judged_like_a_name() {
    let (port, met) = a_server().await;
    let client = client(Reach::Public, |_| Vec::new());
    for host in [
        "127.0.0.1",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "169.254.169.254",
        "10.0.0.1",
        "0.0.0.0",
    ] {
        let error = ask(&client, &format!("http://{host}:{port}/")).await.unwrap_err();
        assert!(matches!(error, TransportError::OutOfReach(_)), "{host}: {error}");
    }
    assert_eq!(met.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_name_is_judged_anew_for_every_connection() {
    let (port, met) = a_server().await;
    // Harmless at first, then turned round.
    let client = client(Reach::PublicAndLoopback, |time| {
        vec![if time == 0 {
            LOOPBACK
        } else {
            "10.0.0.1".parse().unwrap()
        }]
    });
    let url = format!("http://shop.example.com:{port}/");
    assert_eq!(ask(&client, &url).await.unwrap().body().as_ref(), b"ok");
    let error = ask(&client, &url).await.unwrap_err();
    assert!(matches!(error, TransportError::OutOfReach(_)), "{error}");
    assert_eq!(met.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn loopback_is_opened_by_its_setting() {
    let (port, _) = a_server().await;
    let client = client(Reach::PublicAndLoopback, |_| vec![LOOPBACK]);
    for host in ["localhost", "127.0.0.1", "shop1.localhost"] {
        assert!(
            ask(&client, &format!("http://{host}:{port}/")).await.is_ok(),
            "{host}"
        );
    }
}
