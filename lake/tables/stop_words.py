"""Words that say little about what a question is about, by Snowball's name of their language.

Articles, pronouns, prepositions, conjunctions, auxiliary verbs and question words: closed classes, which hold no word
that a question may be about.
"""

from __future__ import annotations

STOP_WORDS: dict[str, frozenset[str]] = {
    "english": frozenset(
        """a about above after again against all am an and any are aren't as at be because been before being
        below between both but by can can't cannot could couldn't did didn't do does doesn't doing
        don't down during each either else ever few for from further had hadn't has hasn't have
        haven't having he her here hers herself him himself his how i if i'd i'll i'm i've in into
        is isn't it it's its itself just let let's like many may me might more most much must my
        myself neither no nor not of off on once only onto or other our ours ourselves out over own
        per rather same shall she should shouldn't since so some such than that that's the their
        theirs them themselves then there there's these they they're this those through thus to too
        under until up upon us very via was wasn't we we're were weren't what what's when where
        where's which while who whom whose why will with within without won't would wouldn't yet you
        you're your yours yourself yourselves""".split()
    ),
    "german": frozenset(
        """ab aber alle allem allen aller alles als also am an andere anderem anderen anderer anderes auch auf
        aus bei beim bin bis bist da dadurch dafür daher damit dann daran darauf darin das dass
        dasselbe davon dazu dein deine deinem deinen deiner deines dem demselben den denen denn
        denselben der deren derer derselbe derselben des dessen dich die dies diese dieselbe
        dieselben diesem diesen dieser dieses dir doch dort du durch eher ein eine einem einen einer
        eines einige einigem einigen einiger einiges einmal er es etwas euch euer eure eurem euren
        eurer für gegen gibt hab habe haben hast hat hatte hatten hattest hier hinter ich ihm ihn
        ihnen ihr ihre ihrem ihren ihrer ihres im in indem ins ist ja jede jedem jeden jeder jedes
        jedoch jene jenem jenen jener jenes kann kannst kein keine keinem keinen keiner keines
        können könnte man manche manchem manchen mancher manches mehr mein meine meinem meinen
        meiner meines mich mir mit muss musste müssen nach nachdem nicht nichts noch nun nur ob
        obwohl oder ohne sehr sein seine seinem seinen seiner seines seit selbst sich sie sind so
        solche solchem solchen solcher solches soll sollte sollen sondern sonst sowie um und uns
        unser unsere unserem unseren unserer unter viel viele vielen vom von vor wann war waren
        warst warum was weder weg weil welche welchem welchen welcher welches wem wen wenn wer werde
        werden wessen weshalb wie wieder wieso wieviel will wir wird wirst wo wobei wodurch wofür
        woher wohin womit woran worauf woraus worin wurde wurden während würde würden zu zum zur
        zwar zwischen über""".split()
    ),
    "french": frozenset(
        """à afin ai aie aient ainsi alors après as au aucun aucune auquel aura aurait aussi autre autres aux
        auxquelles auxquels avaient avais avait avant avec avez avoir avons ayant c ça car ce ceci
        cela celle celles celui cependant ces cet cette ceux chaque chez ci comme comment d dans de
        depuis des desquelles desquels dont du duquel elle elles en encore entre es est et étaient
        étais était étant été êtes être eu eux fait font fut furent ici il ils j je jusqu jusque l
        la là laquelle le lequel les lesquelles lesquels leur leurs lors lorsque lui m ma mais me
        même mêmes mes mien moi moins mon n ne ni nos notre nous on ont ou où par parce pas pendant
        peu peut peuvent plus pour pourquoi puis qu quand que quel quelle quelles quelque quelques
        quels qui quoi s sa sans se selon sera serait seront ses si sien soi soient soit sommes son
        sont sous suis sur t ta te tel telle telles tels tes toi ton tous tout toute toutes très tu
        un une vers via voici voilà vos votre vous y combien""".split()
    ),
    "spanish": frozenset(
        """a al algo algún alguna algunas alguno algunos ante antes aquel aquella aquellas aquello aquellos
        aquí así aunque bajo cada casi como cómo con contra cual cuál cuales cuáles cualquier cuando
        cuándo cuanta cuánta cuantas cuántas cuanto cuánto cuantos cuántos de del desde donde dónde
        dos durante e el él ella ellas ello ellos en entre era eran eres es esa esas ese eso esos
        esta ésta está están estaba estaban estado estamos estar estas este éste esto estos estoy
        fue fueron ha haber había habían hace hacia han has hasta hay he la las le les lo los más me
        mi mí mientras mis mucha muchas mucho muchos muy nada ni no nos nosotros nuestra nuestras
        nuestro nuestros o os otra otras otro otros para pero poco por porque pues que qué quien
        quién quienes quiénes se sea según ser será si sí sido siendo sin sino sobre son soy su sus
        también tampoco tan tanto te tener tengo ti tiene tienen toda todas todavía todo todos tras
        tu tú tus un una unas uno unos usted ustedes y ya yo""".split()
    ),
    "italian": frozenset(
        """a ad agli ai al alla alle allo altra altre altri altro anche ancora avere aveva avevano c che chi ci
        ciò come con contro cui d da dagli dai dal dalla dalle dallo degli dei del della delle dello
        dentro di dopo dove e è ed era erano essere fa fra fu furono gli ha hai hanno ho i il in io
        l la le lei li lo loro lui ma me mentre mi mia mie miei mio molto ne negli nei nel nella
        nelle nello noi non nostra nostre nostri nostro o ogni oltre per perché però più poi prima
        qual quale quali qualche quando quanta quante quanti quanto quel quella quelle quelli quello
        questa queste questi questo qui s sarà se sei sempre senza si sia siamo siete solo sono sta
        stata state stati stato su sua sue sugli sui sul sulla sulle sullo suo suoi tra tu tua tue
        tuo tuoi tutta tutte tutti tutto un una uno vi voi vostra vostro""".split()
    ),
    "portuguese": frozenset(
        """a à ao aos aquela aquelas aquele aqueles aquilo as às até cada com como contra da das de dela delas
        dele deles depois desde do dos e é ela elas ele eles em entre era eram essa essas esse esses
        esta está estão estas este estes eu foi foram há isso isto já lhe lhes mais mas me mesmo meu
        meus minha minhas muito na não nas nem no nos nós nossa nossas nosso nossos num numa o onde
        os ou para pela pelas pelo pelos perante pois por porque porquê qual quais quando quanta
        quanto quantos que quê quem se seja sem ser será seu seus si sido sob sobre sua suas também
        tem têm tendo teu tua tudo um uma umas uns você vocês""".split()
    ),
    "dutch": frozenset(
        """aan al alle als altijd andere ben bij daar dan dat de deze die dit doch doen door dus een en er ge
        geen haar had heb hebben heeft hem het hier hij hoe hoeveel hun iemand iets ik in is ja je
        kan kunnen maar me meer men met mij mijn moet na naar niet niets nog nu of om omdat onder
        ons ook op over sinds te tegen toch toen tot u uit uw van veel voor waar waarom wanneer
        waren was wat welk welke werd wezen wie wil word worden wordt zal ze zelf zich zij zijn zo
        zonder zou""".split()
    ),
    "swedish": frozenset(
        """alla allt att av bara blev bli blir da de dem den denna deras dess dessa det detta dig din dina ditt
        du där därför då efter ej eller en er era ert ett från för ha hade han hans har henne hennes
        hon honom hur här i icke ingen inom inte ja jag kan kunde man med mellan men mig min mina
        mitt mot mycket ni nu när någon något några och om oss på samma sedan sig sin sina sitta
        själv skulle som så sådan till under upp ut utan vad var vara varför varit varje vars vart
        vem vi vid vilka vilken vilket vår våra vårt än är åt över""".split()
    ),
    "danish": frozenset(
        """ad af alle alt anden at blev blive bliver da de dem den denne der deres det dette dig din dine disse
        dog du efter eller en end er et for fordi fra før ham han hans har havde have hende hendes
        her hos hun hvad hvem hver hvilken hvilke hvilket hvis hvor hvordan hvorfor hvornår i ikke
        ind jeg jer jo kan kunne man mange med meget men mig min mine mit mod ned noget nogle nu når
        og også om op os over på selv sig sin sine sit skal skulle som sådan thi til ud under var vi
        vil ville vor være været""".split()
    ),
    "norwegian": frozenset(
        """alle at av bare ble bli blir da de deg dem den denne der dere deres det dette din disse ditt du
        eller en enn er et ett etter for fordi fra før ha hadde han hans har hennes henne her hos
        hun hva hvem hver hvilke hvilken hvis hvor hvordan hvorfor i ikke inn ja jeg kan kunne man
        mange med meg meget mellom men min mitt mot mye nå når og også om opp oss over på samme seg
        selv sin sine sitt skal skulle slik som så til um under ut var ved vi vil ville vår være
        vært å""".split()
    ),
    "russian": frozenset(
        """а без более бы был была были было быть в вам вас весь во вот все всего всех вы где да даже для до
        его ее её если есть еще ещё же за здесь и из или им их к как какая какие какой когда кого
        который которая которое которые кто ли либо между меня мне мной мог может мы на над надо нас
        наш не него нее неё нет ни них но о об однако он она они оно от перед по под после потому
        почему при про с сам себя сколько со так также такой там тебя тем теперь то тогда того тоже
        только том тот ту ты у уже чего чей чем через что чтобы эта эти это этого этой этом этот я""".split()
    ),
    "arabic": frozenset(
        """في من على إلى الى عن أن ان إن ما ماذا هل كيف متى أين كم لماذا هو هي هم هذا هذه ذلك تلك التي الذي
        الذين و أو او ثم مع كان كانت قد لم لن لا بعد قبل بين كل أي أية عند منذ حتى إذا لو له لها به
        بها فيه فيها""".split()
    ),
}  # fmt: skip
