#include "saml/saml.h"

#include <stdbool.h>

#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <libxslt/xslt.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/errors.h>
#include <xmlsec/io.h>
#include <xmlsec/openssl/crypto.h>

#include "base/log.h"

static bool ready;

/* libxml2 2.12 made the error const. */
#if LIBXML_VERSION >= 21200
typedef const xmlError *error_ptr;
#else
typedef xmlError *error_ptr;
#endif

static void quiet_xml(void *unused, error_ptr error)
{
    (void)unused;
    (void)error;
}

static void __attribute__((format(printf, 2, 3))) quiet_generic(void *unused, const char *fmt, ...)
{
    (void)unused;
    (void)fmt;
}

/* What a document makes xmlsec complain about is attacker's text: it is not repeated, only where it came up. */
static void quiet_xmlsec(const char *file, int line, const char *function, const char *object, const char *subject,
                         int reason, const char *text)
{
    (void)file;
    (void)object;
    (void)subject;
    (void)text;
    log_debug("xmlsec: %s:%d: reason %d", function ? function : "?", line, reason);
}

static xmlParserInputPtr load_nothing(const char *url, const char *id, xmlParserCtxtPtr context)
{
    (void)url;
    (void)id;
    (void)context;
    return NULL;
}

int saml_init(struct err *err)
{
    if (ready)
        return 0;
    xmlInitParser();
    xmlSetExternalEntityLoader(load_nothing);
    xmlSetStructuredErrorFunc(NULL, quiet_xml);
    xmlThrDefSetStructuredErrorFunc(NULL, quiet_xml);
    xmlSetGenericErrorFunc(NULL, quiet_generic);
    xmlThrDefSetGenericErrorFunc(NULL, quiet_generic);
    if (xmlSecInit() < 0 || xmlSecCheckVersion() != 1 || xmlSecOpenSSLInit() < 0)
        return err_set(err, ERR_FAILED, "libxmlsec1: cannot be initialised; install version %s with OpenSSL",
                       XMLSEC_VERSION);
    xmlSecErrorsSetCallback(quiet_xmlsec);
    /* xmlsec registers openers for files, HTTP and FTP of its own; nothing we verify lies outside its document. */
    xmlSecIOCleanupCallbacks();
    ready = true;
    return 0;
}

void saml_shutdown(void)
{
    if (!ready)
        return;
    xmlSecOpenSSLShutdown();
    xmlSecShutdown();
    xsltCleanupGlobals(); /* a mutex that xmlsec made libxslt take and does not give back */
    xmlCleanupParser();
    ready = false;
}
