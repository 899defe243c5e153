// An application on a free port of 127.0.0.1 that signs people in by OpenID Connect. The protocol is openid-client's.
//
//   node server.js SETTINGS     prints its port; SETTINGS: JSON with client (its metadata), issuer, keyFile, pkce (false: off)
//
// GET /login?NAME=VALUE… begins, with these parameters added; GET /callback ends it and says what came; GET /userinfo, /refresh,
// /introspect, /revoke?which=access_token|refresh_token go on with the tokens of the last sign-in; GET /minute lets one pass. Faults are
// told with status 500.

import {createPrivateKey} from "node:crypto";
import {readFileSync} from "node:fs";
import http from "node:http";
import {Issuer, generators} from "openid-client";

const settings = JSON.parse(process.argv[2]);
const pending = new Map();
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
    return {tokens, claims: tokens.claims()};
};

// A minute later, for openid-client: it asks for an unknown key no more often than that.
let later = 0;
const now = Date.now;
Date.now = () => now() + later;

const routes = {
    "/minute": async () => ({later: later += 61000}),
    "/login": login,
    "/callback": callback,
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
