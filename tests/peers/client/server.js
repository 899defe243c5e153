// An application on a free port of 127.0.0.1 that signs people in by OpenID Connect. The protocol is openid-client's.
//
//   node server.js SETTINGS     prints its port; SETTINGS: JSON with client (its metadata), issuer, keyFile, pkce (false: off)
//
// GET /login?NAME=VALUE… begins, with these parameters added; GET /callback ends it and says what came; GET /userinfo, /refresh,
// /introspect, /revoke?which=access_token|refresh_token go on with the tokens of the last sign-in; GET /minute lets one pass. Faults are
// told with status 500.
//
// It has sessions of its own, by a cookie: GET /home says whose it is, or begins a sign-in; GET /logout ends it, here and at the issuer,
// which leads back to /bye; POST /backchannel ends those that a logout token names, whose signature and claims the library checks.

import {createPrivateKey} from "node:crypto";
import {readFileSync} from "node:fs";
import http from "node:http";
import {text} from "node:stream/consumers";
import {Issuer, generators} from "openid-client";

const settings = JSON.parse(process.argv[2]);
const pending = new Map(), sessions = new Map(), seen = new Set();
let tokens;

const keys = () => !settings.keyFile ? undefined : {keys: [{...createPrivateKey(readFileSync(settings.keyFile)).export({format: "jwk"}), use: "sig"}]};

// Whoever is meant by a signed word of the client is the issuer alone.
const clientOf = (issuer) => {
    const client = new issuer.Client({...settings.client, redirect_uris: [redirect], response_types: ["code"]}, keys());
    const sole = {aud: issuer.issuer};
    return {client, sole};
};

let redirect, made;
const discovered = async () => {
    made ??= clientOf(await Issuer.discover(settings.issuer));
    return made;
};

const login = async (query) => {
    const {client} = await discovered();
    const state = generators.state(), nonce = generators.nonce(), verifier = generators.codeVerifier();
    pending.set(state, {nonce, verifier});
    const challenge = settings.pkce === false ? {} :
        {code_challenge: generators.codeChallenge(verifier), code_challenge_method: "S256"};
    return {to: client.authorizationUrl({scope: "openid email profile groups products", state, nonce, ...challenge, ...query})};
};

const callback = async (query, request) => {
    const {client, sole} = await discovered();
    const {nonce, verifier} = pending.get(query.state) ?? {};
    const params = client.callbackParams(request);
    tokens = await client.callback(redirect, params, {state: query.state, nonce, code_verifier: verifier},
        {clientAssertionPayload: sole});
    const cookie = generators.random();
    sessions.set(cookie, {claims: tokens.claims(), hint: tokens.id_token});
    return {tokens, claims: tokens.claims(), cookie};
};

const cookieOf = (request) => /(?:^|; )app-session=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1];

const home = async (query, request) => {
    const session = sessions.get(cookieOf(request));
    return session ? {claims: session.claims} : {to: "/login"};
};

const logout = async (query, request) => {
    const {client} = await discovered();
    const session = sessions.get(cookieOf(request));
    sessions.delete(cookieOf(request));
    return {to: client.endSessionUrl({id_token_hint: session?.hint, post_logout_redirect_uri: new URL("/bye", redirect).href, state: "bye"})};
};

// OpenID Connect Back-Channel Logout 1.0, 2.6
const backchannel = async (query, request) => {
    const {client} = await discovered();
    const token = new URLSearchParams(await text(request)).get("logout_token");
    const {payload, protected: header} = await client.validateJWT(token, client.id_token_signed_response_alg,
        ["iss", "aud", "iat", "exp", "jti", "events"]);
    const {sub, sid, events, nonce, jti} = payload;
    if (header.typ !== "logout+jwt" || !events["http://schemas.openid.net/event/backchannel-logout"] || nonce !== undefined ||
        !(sub || sid) || seen.has(jti))
        throw new Error("this is no logout token");
    seen.add(jti);
    for (const [cookie, {claims}] of sessions)
        if ((!sid || claims.sid === sid) && (!sub || claims.sub === sub))
            sessions.delete(cookie);
    return {};
};

// A minute later, for openid-client: it asks for an unknown key no more often than that.
let later = 0;
const now = Date.now;
Date.now = () => now() + later;

const routes = {
    "/minute": async () => ({later: later += 61000}),
    "/login": login,
    "/callback": callback,
    "/home": home,
    "/logout": logout,
    "/bye": async ({state}) => ({state}),
    "/backchannel": backchannel,
    "/userinfo": async () => (await discovered()).client.userinfo(tokens),
    "/refresh": async () => {
        const {client, sole} = await discovered();
        tokens = await client.refresh(tokens, {clientAssertionPayload: sole});
        return {tokens, claims: tokens.claims()};
    },
    "/introspect": async () => {
        const {client, sole} = await discovered();
        return client.introspect(tokens.access_token, undefined, {clientAssertionPayload: sole});
    },
    "/revoke": async ({which}) => {
        const {client, sole} = await discovered();
        await client.revoke(tokens[which], undefined, {clientAssertionPayload: sole});
        return {};
    },
};

const server = http.createServer(async (request, response) => {
    const url = new URL(request.url, "http://127.0.0.1");
    try {
        const said = await routes[url.pathname](Object.fromEntries(url.searchParams), request);
        if (said.cookie)
            response.setHeader("set-cookie", `app-session=${said.cookie}; Path=/; HttpOnly; SameSite=Lax`);
        if (said.to)
            response.writeHead(303, {location: said.to}).end();
        else
            response.writeHead(200, {"content-type": "application/json"}).end(JSON.stringify(said));
    } catch (error) {
        const {error: code, message} = error;
        response.writeHead(500, {"content-type": "application/json"}).end(JSON.stringify({error: code, message}));
    }
});
server.listen(0, "127.0.0.1", () => {
    redirect = `http://127.0.0.1:${server.address().port}/callback`;
    console.log(server.address().port);
});
