"""What a manager is told besides the question: where an application stands to the policy, and what else to think of."""

from collections.abc import Mapping

from agreements.case import Case
from agreements.documents import Language
from agreements.policy import Policy
from agreements.words import days_in_words, the_days_in_words

WORKING_WEEK = 5
FULL_TIME = 100.0
MORE_THAN_USUAL: Mapping[Language, str] = {
    "nb": "Søknaden er på {days} i uken. Retningslinjene sier vanligvis inntil {most}.",
    "nn": "Søknaden er på {days} i veka. Retningslinjene seier vanlegvis inntil {most}.",
}
TOO_LITTLE_AT_THE_OFFICE: Mapping[Language, str] = {
    "nb": "Med {days} hjemme blir det mindre enn {least} på arbeidsstedet som er anbefalt.",
    "nn": "Med {days} heime blir det mindre enn {least} på arbeidsstaden som retningslinjene tilrår.",
}
PART_TIME: Mapping[Language, str] = {
    "nb": "Stillingen er på {percentage} prosent, altså om lag {week} i uken.",
    "nn": "Stillinga er på {percentage} prosent, altså om lag {week} i veka.",
}
ASKED_OF_LEADERS: Mapping[Language, str] = {
    "nb": "Søkeren er selv leder, så ta særskilt stilling til dette i skjemaet: {questions}",
    "nn": "Søkjaren er sjølv leiar, så ta særskilt stilling til dette i skjemaet: {questions}",
}


def advice(case: Case, policy: Policy) -> str | None:
    """Sentences for the assessment, or None when the application is within everything that is recommended."""
    language, limits = policy.language, policy.limits_in(case.unit_id)
    days = case.application.days_per_week
    said = days_in_words(days, language)
    sentences = []
    if days > limits.max_days_per_week:
        most = days_in_words(limits.max_days_per_week, language)
        sentences.append(MORE_THAN_USUAL[language].format(days=said, most=most))
    elif _working_days(case) - days < limits.min_office_days_per_week:
        least = the_days_in_words(limits.min_office_days_per_week, language)
        sentences.append(TOO_LITTLE_AT_THE_OFFICE[language].format(days=said, least=least))
        if case.position_percentage is not None and case.position_percentage < FULL_TIME:
            percentage = f"{case.position_percentage:g}".replace(".", ",")
            week = days_in_words(_working_days(case), language)
            sentences.append(PART_TIME[language].format(percentage=percentage, week=week))
    questions = [question.text for question in policy.manager_questions if question.only_for_leaders]
    if case.is_leader and questions:
        sentences.append(ASKED_OF_LEADERS[language].format(questions=" ".join(questions)))
    return " ".join(sentences) or None


def _working_days(case: Case) -> float:
    """Days of work a week as the position says: the least number of days at the workplace holds for part-timers too."""
    percentage = FULL_TIME if case.position_percentage is None else min(case.position_percentage, FULL_TIME)
    return round(WORKING_WEEK * percentage / FULL_TIME, 1)
