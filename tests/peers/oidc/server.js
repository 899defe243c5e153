// An OpenID provider on a free port of 127.0.0.1, for Doorward to sign people in at. The protocol is oidc-provider's.
//
//   node server.js METHOD SECRET CERTIFICATE REDIRECT [OPTIONS]     prints its port
//
// OPTIONS: a file with JSON: "port" to listen at, "client": more metadata of the client, "people": name -> claims, "someone": who
// comes without login_hint. It is read anew for each sign-in.
// METHOD is how the one client, "doorward", shows who it is. Whoever comes is signed in at once, as the e-mail address of
// login_hint; denied@… is refused. GET /roll makes a new signing key, and takes the old one away.

import Provider from "oidc-provider";
import {createHash, generateKeyPairSync, randomUUID, X509Certificate} from "node:crypto";
import {readFileSync} from "node:fs";
import http from "node:http";

const [method, secret, certificate, redirect, file] = process.argv.slice(2);
const options = () => file ? JSON.parse(readFileSync(file)) : {};
const scope = "openid email profile";

const signingKey = () => ({
    ...generateKeyPairSync("rsa", {modulusLength: 2048}).privateKey.export({format: "jwk"}),
    kid: randomUUID(), use: "sig", alg: "RS256",
});

const clientKey = () => {
    const x509 = new X509Certificate(readFileSync(certificate));
    const kid = createHash("sha256").update(x509.raw).digest("base64url");
    return {...x509.publicKey.export({format: "jwk"}), kid, use: "sig"};
};

const client = () => ({
    client_id: "doorward",
    redirect_uris: [redirect],
    token_endpoint_auth_method: method,
    ...options().client,
    ...(method === "private_key_jwt" ? {jwks: {keys: [clientKey()]}} : {client_secret: secret}),
});

// An e-mail address "ann@example.com" is account "ann".
const findAccount = (context, id) => ({
    accountId: id,
    claims: () => ({sub: id, email: `${id}@example.com`, email_verified: true,
        given_name: "Ann", family_name: "이", name: "Ann 이", ...options().people?.[id]}),
});

const loadExistingGrant = async (context) => {
    const {provider, session} = context.oidc;
    const grant = new provider.Grant({clientId: context.oidc.client.clientId, accountId: session.accountId});
    grant.addOIDCScope(scope);
    await grant.save();
    return grant;
};

const open = (issuer) => {
    const provider = new Provider(issuer, {
        clients: [client()],
        clientAuthMethods: [method],
        jwks: {keys: [signingKey()]},
        cookies: {keys: ["a-key-of-the-tests"]},
        pkce: {required: () => true, methods: ["S256"]},
        claims: {openid: ["sub", "guid"], email: ["email", "email_verified"], profile: ["given_name", "family_name", "name"]},
        features: {devInteractions: {enabled: false}, backchannelLogout: {enabled: true}},
        interactions: {url: (context, interaction) => `/interaction/${interaction.uid}`},
        findAccount,
        loadExistingGrant,
    });
    provider.on("server_error", (context, error) => console.error(error));
    return provider;
};

const interact = async (request, response) => {
    const {params} = await provider.interactionDetails(request, response);
    const [name] = (params.login_hint ?? options().someone ?? "ann").split("@");
    const result = name === "denied" ? {error: "access_denied", error_description: "not today"} : {login: {accountId: name}};
    await provider.interactionFinished(request, response, result, {mergeWithLastSubmission: false});
};

let provider, handle;
const server = http.createServer((request, response) => {
    if (request.url === "/roll") {
        turn();
        response.end();
    } else if (request.url.startsWith("/interaction/"))
        interact(request, response).catch((error) => response.writeHead(500).end(String(error)));
    else
        handle(request, response);
});
const turn = () => {
    provider = open(`http://127.0.0.1:${server.address().port}`);
    handle = provider.callback();
};
server.listen(options().port ?? 0, "127.0.0.1", () => {
    turn();
    console.log(server.address().port);
});
