#include "model/entry.h"

const char *const attr_names[ATTR_COUNT] = {
    [ATTR_USER_NAME] = "user-name",
    [ATTR_EMAIL] = "email",
    [ATTR_GIVEN_NAME] = "given-name",
    [ATTR_FAMILY_NAME] = "family-name",
    [ATTR_DISPLAY_NAME] = "display-name",
    [ATTR_EMPLOYEE_NUMBER] = "employee-number",
    [ATTR_TITLE] = "title",
    [ATTR_DEPARTMENT] = "department",
    [ATTR_LANGUAGE] = "language",
};
