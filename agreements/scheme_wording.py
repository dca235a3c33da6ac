"""Every sentence of the report over the scheme, in bokmål and nynorsk."""

from collections.abc import Mapping
from dataclasses import dataclass

from agreements.case import EndReason, EvaluationOutcome
from agreements.documents import Language
from agreements.scheme import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeWording:
    """What one language says. Places in braces are filled."""

    title: str
    file_name: str
    period: str
    results: Mapping[str, str]
    ends: Mapping[str, str]
    outcomes: Mapping[str, str]
    too_few: str
    nobody: str
    undivided: str
    not_shown: str
    no_unit: str
    other_units: str
    all_units: str
    either: str
    between: str
    people: str
    share: str
    total: str
    in_force: str
    average_days: str
    applied: str
    ended: str
    evaluated: str
    units_above: str
    units_above_value: str
    days_heading: str
    days_explained: str
    days_column: str
    units_heading: str
    units_explained: str
    units_limit: str
    units_most: str
    unit_column: str
    agreements_column: str
    average_column: str
    judged_column: str
    limit_label: str
    above: str
    within: str
    not_judged: str
    applications_heading: str
    result_column: str
    ended_heading: str
    end_column: str
    outcomes_heading: str
    outcomes_explained: str
    no_evaluations: str
    outcome_column: str
    scores_heading: str
    scores_explained: str
    score_column: str
    score_ends: tuple[str, str]
    score_average: str
    made_heading: str
    made: tuple[str, ...]
    plot: str


BOKMAL = SchemeWording(
    title="Evaluering av ordningen med hjemmekontor",
    file_name="Evaluering av ordningen med hjemmekontor {day}.{format}",
    period="Perioden {first} til {last}",
    results={
        Result.GRANTED: "Innvilget",
        Result.OPEN: "Under behandling",
        Result.NOT_NEEDED: "Trengte ikke avtale",
        Result.REJECTED: "Ikke innvilget",
        Result.LAPSED: "Falt bort uten dokumentasjon",
        Result.WITHDRAWN: "Trukket",
        Result.LEFT: "Sluttet før avtalen gjaldt",
    },
    ends={
        EndReason.EXPIRED: "Avtaleperioden var over",
        EndReason.RENEWED: "Avløst av en ny avtale",
        EndReason.TERMINATED: "Sagt opp",
        EndReason.LEFT: "Arbeidsforholdet tok slutt",
    },
    outcomes={
        EvaluationOutcome.CONTINUE: "Avtalen fortsetter",
        EvaluationOutcome.ADJUST: "Avtalen fortsetter med justeringer",
        EvaluationOutcome.END: "Avtalen avsluttes",
    },
    too_few="færre enn 5",
    nobody="ingen",
    undivided="I alt: {people}. Gruppene er for små til å vises hver for seg.",
    not_shown="vises ikke",
    no_unit="Uten registrert enhet",
    other_units="Andre enheter samlet",
    all_units="Alle enheter samlet",
    either="eller",
    between="mellom {least} og {greatest}",
    people="Ansatte",
    share="Andel",
    total="I alt",
    in_force="Ansatte med avtale som gjelder",
    average_days="Dager hjemme per uke i snitt",
    applied="Ansatte som søkte i perioden",
    ended="Ansatte med avtale som tok slutt",
    evaluated="Ansatte med evaluert avtale",
    units_above="Enheter med høyere snitt enn fastsatt",
    units_above_value="{above} av {judged} som er vurdert",
    days_heading="Dager hjemme per uke",
    days_explained="Avtalene som gjaldt ved utgangen av perioden, etter hvor mange dager hjemme de gir.",
    days_column="Dager hjemme per uke",
    units_heading="Enhetene",
    units_explained=(
        "Snittet er over de ansatte i enheten som har en avtale som gjelder. De som ikke har hjemmekontor, "
        "regnes ikke med."
    ),
    units_limit=(
        "Enheten skal samlet holde seg innenfor {limit} per uke i snitt. Den enkelte kan ha flere eller færre. "
        "Om enheten er over, er avgjort av det nøyaktige snittet. Enhetene som er over, har en annen farge i figuren."
    ),
    units_most="Figuren viser de {number} enhetene med høyest snitt.",
    unit_column="Enhet",
    agreements_column="Ansatte med avtale",
    average_column="Snitt, dager",
    judged_column="Vurdering",
    limit_label="Inntil {limit} i snitt",
    above="Over",
    within="Innenfor",
    not_judged="Ikke vurdert",
    applications_heading="Søknadene i perioden",
    result_column="Hva det ble av søknaden",
    ended_heading="Avtaler som tok slutt i perioden",
    end_column="Grunn",
    outcomes_heading="Evaluering av avtalene",
    outcomes_explained="Hva leder og ansatt kom fram til da avtalen ble evaluert.",
    no_evaluations="Ingen avtaler er evaluert i perioden.",
    outcome_column="Resultat",
    scores_heading="Påstandene lederne tok stilling til",
    scores_explained="Lederen svarte fra 1 (helt uenig) til 5 (helt enig), og kunne la en påstand stå ubesvart.",
    score_column="Svar",
    score_ends=("1 (helt uenig)", "5 (helt enig)"),
    score_average="Snitt: {average}. Antall svar: {people}.",
    made_heading="Slik er tallene laget",
    made=(
        (
            "Rapporten teller ansatte. Har noen flere søknader, avtaler eller evalueringer i perioden, teller den "
            "nyeste. Pålagt hjemmekontor er ikke med."
        ),
        (
            "Av hensyn til personvernet vises ingen gruppe på færre enn fem. Små grupper er slått sammen med andre, "
            "slik at hver tabell likevel går opp. Er færre enn fem med i alt, står «færre enn 5» i stedet for tallet."
        ),
        (
            "For enheter med færre enn tjue avtaler er snittet avrundet til nærmeste halve dag. Der andre tall er "
            "slått sammen, er snittet oppgitt som det laveste og det høyeste det kan være."
        ),
    ),
    plot="Liggende stolper. {heading}: {bars}.",
)
NYNORSK = SchemeWording(
    title="Evaluering av ordninga med heimekontor",
    file_name="Evaluering av ordninga med heimekontor {day}.{format}",
    period="Perioden {first} til {last}",
    results={
        Result.GRANTED: "Innvilga",
        Result.OPEN: "Under handsaming",
        Result.NOT_NEEDED: "Trong ikkje avtale",
        Result.REJECTED: "Ikkje innvilga",
        Result.LAPSED: "Fall bort utan dokumentasjon",
        Result.WITHDRAWN: "Trekt",
        Result.LEFT: "Slutta før avtalen gjaldt",
    },
    ends={
        EndReason.EXPIRED: "Avtaleperioden var over",
        EndReason.RENEWED: "Avløyst av ny avtale",
        EndReason.TERMINATED: "Sagd opp",
        EndReason.LEFT: "Arbeidsforholdet tok slutt",
    },
    outcomes={
        EvaluationOutcome.CONTINUE: "Avtalen held fram",
        EvaluationOutcome.ADJUST: "Avtalen held fram med justeringar",
        EvaluationOutcome.END: "Avtalen blir avslutta",
    },
    too_few="færre enn 5",
    nobody="ingen",
    undivided="I alt: {people}. Gruppene er for små til å bli viste kvar for seg.",
    not_shown="blir ikkje vist",
    no_unit="Utan registrert eining",
    other_units="Andre einingar samla",
    all_units="Alle einingar samla",
    either="eller",
    between="mellom {least} og {greatest}",
    people="Tilsette",
    share="Prosentdel",
    total="I alt",
    in_force="Tilsette med avtale som gjeld",
    average_days="Dagar heime per veke i snitt",
    applied="Tilsette som søkte i perioden",
    ended="Tilsette med avtale som tok slutt",
    evaluated="Tilsette med evaluert avtale",
    units_above="Einingar med høgare snitt enn fastsett",
    units_above_value="{above} av {judged} som er vurderte",
    days_heading="Dagar heime per veke",
    days_explained="Avtalane som gjaldt då perioden var over, etter kor mange dagar heime dei gir.",
    days_column="Dagar heime per veke",
    units_heading="Einingane",
    units_explained=(
        "Snittet er over dei tilsette i eininga som har ein avtale som gjeld. Dei som ikkje har heimekontor, "
        "er ikkje rekna med."
    ),
    units_limit=(
        "Eininga skal samla halde seg innanfor {limit} per veke i snitt. Den enkelte kan ha fleire eller færre. "
        "Om eininga er over, er avgjort av det nøyaktige snittet. Einingane som er over, har ein annan farge i figuren."
    ),
    units_most="Figuren viser dei {number} einingane med høgast snitt.",
    unit_column="Eining",
    agreements_column="Tilsette med avtale",
    average_column="Snitt, dagar",
    judged_column="Vurdering",
    limit_label="Inntil {limit} i snitt",
    above="Over",
    within="Innanfor",
    not_judged="Ikkje vurdert",
    applications_heading="Søknadene i perioden",
    result_column="Kva det vart av søknaden",
    ended_heading="Avtalar som tok slutt i perioden",
    end_column="Grunn",
    outcomes_heading="Evaluering av avtalane",
    outcomes_explained="Kva leiar og tilsett kom fram til då avtalen vart evaluert.",
    no_evaluations="Ingen avtalar er evaluerte i perioden.",
    outcome_column="Resultat",
    scores_heading="Påstandane leiarane tok stilling til",
    scores_explained="Leiaren svarte frå 1 (heilt ueinig) til 5 (heilt einig), og kunne la ein påstand stå open.",
    score_column="Svar",
    score_ends=("1 (heilt ueinig)", "5 (heilt einig)"),
    score_average="Snitt: {average}. Talet på svar: {people}.",
    made_heading="Slik er tala laga",
    made=(
        (
            "Rapporten tel tilsette. Har nokon fleire søknader, avtalar eller evalueringar i perioden, tel den nyaste. "
            "Pålagt heimekontor er ikkje med."
        ),
        (
            "Av omsyn til personvernet blir inga gruppe på færre enn fem vist. Små grupper er slegne saman med andre, "
            "slik at kvar tabell likevel går opp. Er færre enn fem med i alt, står «færre enn 5» i staden for talet."
        ),
        (
            "For einingar med færre enn tjue avtalar er snittet runda av til næraste halve dag. Der andre tal er "
            "slegne saman, er snittet gitt som det lågaste og det høgaste det kan vere."
        ),
    ),
    plot="Liggjande stolpar. {heading}: {bars}.",
)
SCHEME_WORDINGS: Mapping[Language, SchemeWording] = {"nb": BOKMAL, "nn": NYNORSK}
