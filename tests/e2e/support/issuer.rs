//! An issuer of tokens that tells its keys, and the tokens.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use serde_json::{Value, json};

use super::far::{Far, Out, Seen};

/// For whom the tokens are.
pub const AUDIENCE: &str = "https://mcp.example.com/mcp";

/// A private key, by its name.
pub struct Signer {
    pub kid: String,
    pair: Pair,
}

enum Pair {
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

impl Signer {
    /// A new one.
    pub fn new(kid: &str) -> Self {
        let (random, kind) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let made = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        let pair = Pair::P256(EcdsaKeyPair::from_pkcs8(kind, made.as_ref(), &random).unwrap());
        Self { kid: kid.to_owned(), pair }
    }

    /// One that everybody has: making one takes long.
    pub fn rsa(kid: &str) -> Self {
        let made = include_bytes!("../../data/oidc/rsa.pk8");
        Self { kid: kid.to_owned(), pair: Pair::Rsa(RsaKeyPair::from_pkcs8(made).unwrap()) }
    }

    fn jwk(&self) -> Value {
        match &self.pair {
            Pair::P256(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                let (x, y) = (encoded(x), encoded(y));
                json!({ "kty": "EC", "crv": "P-256", "use": "sig", "kid": self.kid, "x": x, "y": y })
            }
            Pair::Rsa(pair) => {
                let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public());
                let (n, e) = (encoded(public.n), encoded(public.e));
                json!({ "kty": "RSA", "alg": "RS256", "kid": self.kid, "n": n, "e": e })
            }
        }
    }

    /// A token that says this.
    pub fn token(&self, claims: &Value) -> String {
        let random = SystemRandom::new();
        let alg = if matches!(self.pair, Pair::P256(_)) { "ES256" } else { "RS256" };
        let header = json!({ "alg": alg, "kid": self.kid, "typ": "at+jwt" }).to_string();
        let message = format!("{}.{}", encoded(header), encoded(claims.to_string()));
        let signature = match &self.pair {
            Pair::P256(pair) => pair.sign(&random, message.as_bytes()).unwrap().as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let message = message.as_bytes();
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
        };
        format!("{message}.{}", encoded(signature))
    }
}

/// The issuer; it ends when dropped.
pub struct Issuer {
    pub far: Far,
    /// The keys that it tells.
    pub keys: Arc<Mutex<Vec<Signer>>>,
}

impl Issuer {
    pub fn start(keys: Vec<Signer>) -> Self {
        Self::at("127.0.0.1:0".parse().unwrap(), keys)
    }

    pub fn at(address: SocketAddr, keys: Vec<Signer>) -> Self {
        let keys = Arc::new(Mutex::new(keys));
        let shared = keys.clone();
        Self { far: Far::at(address, move |seen, out| answer(&shared, seen, out)), keys }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.far.address)
    }

    /// How often its keys were asked for.
    pub fn asked(&self) -> usize {
        self.far.seen().iter().filter(|seen| seen.path == "/keys").count()
    }

    /// What a good token says.
    pub fn claims(&self, subject: &str) -> Value {
        claims(&self.url(), subject)
    }

    /// A good token of the newest key, which says these things otherwise.
    pub fn token(&self, subject: &str, others: &Value) -> String {
        let mut claims = self.claims(subject);
        claims.as_object_mut().unwrap().extend(others.as_object().unwrap().clone());
        self.keys.lock().unwrap().last().unwrap().token(&claims)
    }
}

/// What a good token of this issuer says.
pub fn claims(issuer: &str, subject: &str) -> Value {
    json!({ "iss": issuer, "aud": AUDIENCE, "sub": subject, "exp": now() + 600, "iat": now() })
}

fn answer(keys: &Mutex<Vec<Signer>>, seen: &Seen, out: &mut Out) {
    let base = format!("http://{}", seen.header("host").unwrap());
    match seen.path.as_str() {
        "/.well-known/openid-configuration" => {
            out.json(&json!({ "issuer": base, "jwks_uri": format!("{base}/keys") }).to_string());
        }
        "/keys" => {
            let all: Vec<Value> = keys.lock().unwrap().iter().map(Signer::jwk).collect();
            out.json(&json!({ "keys": all }).to_string());
        }
        _ => out.whole("404 Not Found", &[], ""),
    }
}
