// A SCIM 2.0 service in memory, for Doorward to write to. The protocol is scimmy's; this is only its store.
//
//   node server.js TOKEN [CERTIFICATE KEY] [OPTION…]     prints the port of 127.0.0.1 that it listens on, and one with TLS
//
//   --no-patch --no-bulk --no-filter   cannot do it, and says so         --refuse-patch --refuse-bulk   says that it can, and cannot
//   --ignore-filter                    lists everybody instead           --members=N                    more in one PATCH are refused
//   --versions                         PUT only with the right If-Match  --interfere                    … and others are faster, once each
//
// GET /dump gives everything as JSON. A group's PATCH is read, changed and written by scimmy with a wait in between, as in
// many a real service: two at once lose one.

import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";
import {randomUUID} from "node:crypto";
import {readFileSync} from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import {setTimeout as sleep} from "node:timers/promises";

const [token, certificate, key] = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const options = new Map(process.argv.slice(2).filter((word) => word.startsWith("--")).map((word) => word.slice(2).split("=")));
const versions = new Map();
const users = new Map();
const groups = new Map();

const find = (store, id) => {
    if (!store.has(id)) throw new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);
    return store.get(id);
};

const refuseTwice = (store, id, attribute, value) => {
    const same = (other) => String(other[attribute] ?? "").toLowerCase() === String(value).toLowerCase();
    for (const [otherId, other] of store)
        if (otherId !== id && value !== undefined && same(other))
            throw new SCIMMY.Types.Error(409, "uniqueness", `${attribute} "${value}" is taken`);
};

const plain = (instance) => JSON.parse(JSON.stringify(instance));

const handlers = (store, before) => [
    async (resource, instance) => {
        if (store === groups) await sleep(2);
        const id = resource.id ?? randomUUID();
        if (resource.id) find(store, id);
        const now = new Date().toISOString();
        versions.set(id, (versions.get(id) ?? 0) + 1);
        const kept = {...before(id, plain(instance)), id, meta: {created: store.get(id)?.meta.created ?? now, lastModified: now}};
        store.set(id, kept);
        return kept;
    },
    (resource) => {
        if (resource.id) return find(store, resource.id);
        const all = [...store.values()];
        return resource.filter ? resource.filter.match(all) : all;
    },
    (resource) => {
        find(store, resource.id);
        store.delete(resource.id);
        if (store === users)
            for (const group of groups.values()) group.members = (group.members ?? []).filter((m) => m.value !== resource.id);
    },
];

const user = (id, instance) => {
    refuseTwice(users, id, "userName", instance.userName);
    return instance;
};

// Members are a set (RFC 7643 section 4.2), and only those who are there can be in it.
const group = (id, instance) => {
    const members = new Map((instance.members ?? []).map((m) => [m.value, {value: m.value}]));
    for (const value of members.keys())
        if (!users.has(value) && !groups.has(value)) throw new SCIMMY.Types.Error(400, "invalidValue", `there is no member ${value}`);
    return {...instance, members: [...members.values()]};
};

// An extension of somebody's own, as vendors have them, within the standard's names.
const own = new SCIMMY.Types.SchemaDefinition("Badge", "urn:ietf:params:scim:schemas:extension:badge:2.0:User", "Who comes in", [
    new SCIMMY.Types.Attribute("string", "objectGUID"),
    new SCIMMY.Types.Attribute("string", "badge"),
    new SCIMMY.Types.Attribute("complex", "desk", {}, [
        new SCIMMY.Types.Attribute("string", "floor"),
        new SCIMMY.Types.Attribute("boolean", "standing"),
    ]),
]);

SCIMMY.Schemas.User.extend(SCIMMY.Schemas.EnterpriseUser, false);
SCIMMY.Schemas.User.extend(own, false);
for (const [Resource, store, before] of [[SCIMMY.Resources.User, users, user], [SCIMMY.Resources.Group, groups, group]]) {
    const [ingress, egress, degress] = handlers(store, before);
    SCIMMY.Resources.declare(Resource).ingress(ingress).egress(egress).degress(degress);
}

const app = express();
const counts = {};
app.get("/counts", (request, response) => response.json(counts));

const refuse = (response, status, scimType, detail) =>
    response.status(status).type("application/scim+json").send(JSON.stringify({schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"], status: String(status), scimType, detail}));

// What a service in the field cannot do, ahead of scimmy, which can.
app.use("/scim/v2", express.json({type: "application/scim+json", limit: "64mb"}), (request, response, next) => {
    const [, type, id] = request.path.split("/");
    const what = `${request.method} ${type}`;
    counts[what] = (counts[what] ?? 0) + 1;
    const cannot = (name) => options.has(`no-${name}`) || options.has(`refuse-${name}`);
    if (request.method === "PATCH" && cannot("patch")) return refuse(response, 501, undefined, "no PATCH here");
    if (type === "Bulk" && cannot("bulk")) return refuse(response, 501, undefined, "no bulk here");
    if (request.query.filter && options.has("no-filter")) return refuse(response, 400, "invalidFilter", "no filters here");
    if (request.query.filter && options.has("ignore-filter")) request.url = request.path;
    const members = (request.body?.Operations ?? []).flatMap((operation) => operation.value ?? [operation]).length;
    if (request.method === "PATCH" && type === "Groups" && members > Number(options.get("members") ?? Infinity))
        return refuse(response, 400, "tooMany", `${members} members at once`);
    if (options.has("versions") && id) {
        const version = `W/"${versions.get(id)}"`;
        if (request.method === "PUT" && request.header("If-Match") !== version) return refuse(response, 412, undefined, `it is ${version}`);
        if (request.method === "GET") response.set("ETag", version);
        if (request.method === "GET" && options.has("interfere")) response.on("finish", () => interfere(id));
    }
    return next();
});

const met = new Set();
const interfere = (id) => {
    if (met.has(id)) return;
    met.add(id);
    versions.set(id, versions.get(id) + 1);
    if (users.has(id)) users.get(id).nickName = "by somebody else";
};

app.get("/dump", (request, response) => response.json({users: [...users.values()], groups: [...groups.values()]}));
app.use("/scim/v2", new SCIMMYRouters({
    type: "bearer",
    handler: (request) => {
        if (request.header("Authorization") !== `Bearer ${token}`) throw new Error("the token is not valid here");
        return "doorward";
    },
}));

// Behind the routers, which say what they can.
for (const feature of ["patch", "bulk", "filter"])
    if (options.has(`no-${feature}`)) SCIMMY.Config.set({[feature]: {supported: false}});

// HTTP/2 and 1.1 over TLS, passed on to the above. GET /versions says how many requests came in each.
const spoken = {};
app.get("/versions", (request, response) => response.json(spoken));

const passOn = (port) => (request, response) => {
    spoken[request.httpVersion] = (spoken[request.httpVersion] ?? 0) + 1;
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !name.startsWith(":")));
    const {method, url: path} = request;
    request.pipe(http.request({host: "127.0.0.1", port, method, path, headers}, (answer) => {
        response.writeHead(answer.statusCode, {"content-type": answer.headers["content-type"] ?? "text/plain"});
        answer.pipe(response);
    }));
};

const server = app.listen(0, "127.0.0.1", () => {
    const {port} = server.address();
    if (!certificate) {
        console.log(port);
        return;
    }
    const tls = {cert: readFileSync(certificate), key: readFileSync(key), allowHTTP1: true};
    const secure = http2.createSecureServer(tls, passOn(port)).listen(0, "127.0.0.1", () => console.log(port, secure.address().port));
});
