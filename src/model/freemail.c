#include "model/freemail.h"

#include <stdlib.h>
#include <string.h>

/*
 * Mail services open to the public and mailboxes that come with an Internet or telephone line: world-wide, Korea, Japan, China and its
 * neighbours, Europe, the rest. Kept in byte order for the search; a unit test checks that.
 */
const char *const freemail_domains[] = {
    "10minutemail.com", "126.com", "139.com", "163.com", "188.com", "189.cn", "1und1.de", "21cn.com", "263.net",
    "263.net.cn", "a1.net", "abv.bg", "aim.com", "alice.it", "aliceadsl.fr", "aliyun.com", "aol.co.uk", "aol.com",
    "aol.de", "aol.fr", "aol.it", "aol.jp", "aon.at", "arcor.de", "arnet.com.ar", "asahi-net.or.jp", "asia.com",
    "atlas.cz", "att.net", "au.com", "autograf.pl", "autorambler.ru", "azet.sk", "bbox.fr", "bellsouth.net",
    "biglobe.ne.jp", "bigmir.net", "bigpond.com", "bigpond.net.au", "bk.ru", "bluewin.ch", "blueyonder.co.uk",
    "bol.com.br", "bredband.net", "broadpark.no", "btinternet.com", "btopenworld.com", "buziaczek.pl", "caramail.com",
    "casema.nl", "cegetel.net", "centrum.cz", "centrum.sk", "charter.net", "chello.at", "chello.nl", "chinaren.com",
    "chol.com", "chollian.net", "citiz.net", "citromail.hu", "ciudad.com.ar", "clix.pt", "club-internet.fr",
    "comcast.net", "comhem.se", "consultant.com", "cox.net", "daum.net", "dion.ne.jp", "dir.bg", "disney.ne.jp",
    "disroot.org", "docomo.ne.jp", "dodo.com.au", "dr.com", "dreamwiz.com", "duck.com", "earthlink.net", "eircom.net",
    "elisanet.fi", "email.cn", "email.com", "email.cz", "email.de", "email.it", "emnet.ne.jp", "empal.com",
    "empas.com", "engineer.com", "europe.com", "excite.co.jp", "excite.com", "eyou.com", "ezweb.ne.jp",
    "fastmail.com", "fastmail.fm", "fastwebnet.it", "fibertel.com.ar", "forthnet.gr", "foxmail.com", "fpt.vn",
    "free.fr", "freechal.com", "freemail.hu", "freenet.de", "freeserve.co.uk", "frisurf.no", "gazeta.pl",
    "giga.net.tw", "globo.com", "globomail.com", "gmail.com", "gmx.at", "gmx.ch", "gmx.co.uk", "gmx.com", "gmx.de",
    "gmx.es", "gmx.fr", "gmx.it", "gmx.li", "gmx.net", "gmx.us", "go2.pl", "goo.jp", "goo.ne.jp", "googlemail.com",
    "guerrillamail.com", "hanafos.com", "hanmail.net", "hanmir.com", "hetnet.nl", "hey.com", "hi-ho.ne.jp",
    "hinet.net", "hispeed.ch", "hitel.net", "home.nl", "hot.ee", "hotmail.be", "hotmail.ca", "hotmail.ch",
    "hotmail.co.jp", "hotmail.co.kr", "hotmail.co.nz", "hotmail.co.th", "hotmail.co.uk", "hotmail.co.za",
    "hotmail.com", "hotmail.com.ar", "hotmail.com.au", "hotmail.com.br", "hotmail.com.hk", "hotmail.com.tr",
    "hotmail.com.tw", "hotmail.cz", "hotmail.de", "hotmail.dk", "hotmail.es", "hotmail.fi", "hotmail.fr",
    "hotmail.gr", "hotmail.hu", "hotmail.it", "hotmail.lt", "hotmail.lv", "hotmail.my", "hotmail.nl", "hotmail.no",
    "hotmail.ph", "hotmail.ro", "hotmail.rs", "hotmail.se", "hotmail.sg", "hotmail.sk", "hush.com", "hushmail.com",
    "i.softbank.jp", "i.ua", "icloud.com", "ig.com.br", "iinet.net.au", "in.com", "in.gr", "inbox.com", "inbox.lv",
    "inbox.ru", "indamail.hu", "indosat.net.id", "infoseek.jp", "inode.at", "inter7.jp", "interia.eu", "interia.pl",
    "internet.ru", "internode.on.net", "inwind.it", "iol.it", "iol.pt", "jcom.home.ne.jp", "jcom.zaq.ne.jp",
    "jubii.dk", "juno.com", "kabelmail.de", "kakao.com", "keemail.me", "kimo.com", "kimo.com.tw", "kolumbus.fi",
    "korea.com", "kornet.net", "kpnmail.nl", "kuku.lu", "laposte.net", "lenta.ru", "libero.it", "list.ru", "live.at",
    "live.be", "live.ca", "live.cl", "live.cn", "live.co.kr", "live.co.uk", "live.co.za", "live.com", "live.com.ar",
    "live.com.au", "live.com.mx", "live.com.my", "live.com.ph", "live.com.pt", "live.com.sg", "live.de", "live.dk",
    "live.fi", "live.fr", "live.hk", "live.ie", "live.in", "live.it", "live.jp", "live.nl", "live.no", "live.ru",
    "live.se", "livedoor.com", "luukku.com", "lycos.co.kr", "lycos.com", "mac.com", "mail.bg", "mail.com", "mail.dk",
    "mail.ee", "mail.goo.ne.jp", "mail.ru", "mail.telepac.pt", "mail2world.com", "mailbox.org", "maildrop.cc",
    "mailinator.com", "maktoob.com", "me.com", "meta.ua", "movistar.es", "mozmail.com", "msn.com", "mweb.co.za",
    "mynet.com", "myrambler.ru", "myself.com", "myyahoo.com", "nate.com", "naver.com", "net.hr", "netcabo.pt",
    "netian.com", "netscape.net", "netvigator.com", "netvision.net.il", "neuf.fr", "nifty.com",
    "nifty.ne.jp", "nownuri.net", "ntlworld.com", "numericable.fr", "o2.co.uk", "o2.pl", "ocn.ne.jp", "odn.ne.jp",
    "ofir.dk", "oi.com.br", "one.lt", "onet.eu", "onet.pl", "online.de", "online.no", "ono.com", "op.pl", "opayq.com",
    "optonline.net", "optusnet.com.au", "orange.fr", "orange.net", "otenet.gr", "outlook.at", "outlook.be",
    "outlook.cl", "outlook.co.id", "outlook.co.il", "outlook.co.th", "outlook.com", "outlook.com.ar",
    "outlook.com.au", "outlook.com.br", "outlook.com.gr", "outlook.com.tr", "outlook.com.vn", "outlook.cz",
    "outlook.de", "outlook.dk", "outlook.es", "outlook.fr", "outlook.hu", "outlook.ie", "outlook.in", "outlook.it",
    "outlook.jp", "outlook.kr", "outlook.lv", "outlook.my", "outlook.ph", "outlook.pt", "outlook.sa", "outlook.sg",
    "outlook.sk", "pandora.be", "paran.com", "passport.com", "pchome.com.tw", "pdx.ne.jp", "plala.or.jp", "planet.nl",
    "plasa.com", "plus.net", "pm.me", "pobox.sk", "pochta.ru", "poczta.fm", "poczta.onet.pl", "post.com", "post.cz",
    "post.sk", "poste.it", "posteo.de", "posteo.net", "pp.inet.fi", "privaterelay.appleid.com", "prodigy.net.mx",
    "proton.me", "protonmail.ch", "protonmail.com", "proximus.be", "pt.lu", "qq.com", "quicknet.nl", "r7.com",
    "rakumail.jp", "rambler.ru", "rediffmail.com", "riseup.net", "ro.ru",
    "rocketmail.com", "rogers.com", "runbox.com", "sapo.pt", "saunalahti.fi", "sbcglobal.net", "scarlet.be",
    "seed.net.tw", "seznam.cz", "sfr.fr", "sharklasers.com", "shaw.ca", "sify.com", "simnet.is", "simplelogin.com",
    "sina.cn", "sina.com", "sina.com.cn", "singnet.com.sg", "siol.net", "sky.com", "skynet.be", "slingshot.co.nz",
    "so-net.ne.jp", "softbank.ne.jp", "sohu.com", "speedy.com.ar", "spray.se", "startmail.com", "stofanet.dk",
    "streamyx.com", "sunrise.ch", "suomi24.fi", "supanet.com", "superonline.com", "swissonline.ch", "sympatico.ca",
    "t-online.de", "t-online.hu", "talktalk.net", "tdcadsl.dk", "tele2.se", "telefonica.net", "telenet.be",
    "teletu.it", "telia.com", "telkom.net", "telkomsa.net", "telus.net", "temp-mail.org", "terra.com", "terra.com.br",
    "terra.es", "tim.it", "tin.it", "tiscali.co.uk", "tiscali.it", "tlen.pl", "tom.com", "tpg.com.au",
    "trashmail.com", "turk.net", "tuta.com", "tuta.io", "tutamail.com", "tutanota.com", "tutanota.de", "ukr.net",
    "unitel.co.kr", "uol.com.br", "upcmail.nl", "uqmobile.jp", "url.com.tw", "usa.com", "verizon.net", "videotron.ca",
    "vip.126.com", "vip.163.com", "vip.qq.com", "vip.sina.com", "vip.sohu.com", "vipmail.hu", "virgilio.it",
    "virgin.net", "virginmedia.com", "vnn.vn", "vodafone.co.nz", "vodafone.de", "vodafone.ne.jp", "vodamail.co.za",
    "voila.fr", "volny.cz", "voo.be", "vp.pl", "walla.co.il", "walla.com", "wanadoo.es", "wanadoo.fr", "web.de",
    "webmail.co.za", "willcom.com", "windowslive.com", "wo.cn", "wp.pl", "writeme.com", "xs4all.nl", "xtra.co.nz",
    "ya.ru", "yahoo.at", "yahoo.be", "yahoo.ca", "yahoo.cl", "yahoo.cn", "yahoo.co.id", "yahoo.co.il", "yahoo.co.in",
    "yahoo.co.jp", "yahoo.co.kr", "yahoo.co.nz", "yahoo.co.th", "yahoo.co.uk", "yahoo.co.za", "yahoo.com",
    "yahoo.com.ar", "yahoo.com.au", "yahoo.com.br", "yahoo.com.cn", "yahoo.com.co", "yahoo.com.hk", "yahoo.com.mx",
    "yahoo.com.my", "yahoo.com.pe", "yahoo.com.ph", "yahoo.com.sg", "yahoo.com.tr", "yahoo.com.tw", "yahoo.com.ve",
    "yahoo.com.vn", "yahoo.de", "yahoo.dk", "yahoo.es", "yahoo.fi", "yahoo.fr", "yahoo.gr", "yahoo.ie", "yahoo.in",
    "yahoo.it", "yahoo.ne.jp", "yahoo.nl", "yahoo.no", "yahoo.pl", "yahoo.ro", "yahoo.se", "yandex.by", "yandex.com",
    "yandex.kz", "yandex.ru", "yandex.ua", "ybb.ne.jp", "yeah.net", "ymail.com", "ymobile.ne.jp", "yopmail.com",
    "ziggo.nl", "zipmail.com.br", "zoho.com", "zohomail.com", "zohomail.eu", "zohomail.in", "zonnet.nl", "zoznam.sk",
};
const size_t freemail_count = sizeof freemail_domains / sizeof *freemail_domains;

static int compare(const void *name, const void *row)
{
    return strcmp(name, *(const char *const *)row);
}

const char *freemail_find(const char *alabel)
{
    for (const char *p = alabel; p; p = strchr(p, '.')) {
        p += *p == '.';
        const char *const *row = bsearch(p, freemail_domains, freemail_count, sizeof *freemail_domains, compare);
        if (row)
            return *row;
    }
    return NULL;
}
